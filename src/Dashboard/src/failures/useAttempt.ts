import { ref, shallowRef } from 'vue';
import { toFailure, type ApiFailure } from './apiFailure';

/** What somebody asked for with a button: whether it is under way, and why it did not succeed. */
export function useAttempt() {
  const isBusy = ref(false);
  const failure = shallowRef<ApiFailure | null>(null);

  /** Whether it has succeeded. */
  async function attempt(work: () => Promise<void>): Promise<boolean> {
    isBusy.value = true;
    failure.value = null;
    try {
      await work();
      return true;
    } catch (e) {
      failure.value = toFailure(e);
      return false;
    } finally {
      isBusy.value = false;
    }
  }

  return { isBusy, failure, attempt };
}
