import { onScopeDispose, watch, type Ref } from 'vue';
import type { ApiFailure } from './apiFailure';

const pause = 3_000;

/** Tries again by itself what has failed, for as long as that may help. For what reads, not for what changes something. */
export function useAgain(failure: Readonly<Ref<ApiFailure | null>>, work: () => unknown): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(failure, (now) => {
    clearTimeout(timer);
    if (now && !now.isFinal) {
      timer = setTimeout(work, now.retryAfter ?? pause);
    }
  });
  onScopeDispose(() => clearTimeout(timer));
}
