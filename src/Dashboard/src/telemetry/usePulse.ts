import { useDocumentVisibility } from '@vueuse/core';
import { onBeforeUnmount, onMounted } from 'vue';

/** Calls back at an interval that may change from time to time, in step with the screen, and not in the background. */
export function usePulse(interval: () => number, beat: () => void): void {
  const visibility = useDocumentVisibility();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = 0;

  function next(): void {
    timer = setTimeout(() => {
      frame = requestAnimationFrame(() => {
        if (visibility.value === 'visible') {
          beat();
        }
        next();
      });
    }, interval());
  }

  onMounted(next);
  onBeforeUnmount(() => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  });
}
