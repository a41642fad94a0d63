import { useThrottleFn } from '@vueuse/core';
import { shallowRef, type ShallowRef } from 'vue';
import type { LiveReading } from './liveStream';

/** More than a list shows of what came since it was read. */
const most = 200;

/** What a page's stream has brought lately, for its lists; not told more often than an eye follows. */
export function useArrivals(): {
  arrivals: ShallowRef<readonly LiveReading[]>;
  arrive(reading: LiveReading): void;
} {
  const arrivals = shallowRef<readonly LiveReading[]>([]);
  let waiting: LiveReading[] = [];
  const tell = useThrottleFn(
    () => {
      arrivals.value = [...arrivals.value, ...waiting].slice(-most);
      waiting = [];
    },
    500,
    true,
  );

  return {
    arrivals,
    arrive(reading) {
      waiting.push(reading);
      void tell();
    },
  };
}
