import { useDocumentVisibility } from '@vueuse/core';
import { onBeforeUnmount, shallowRef, watch, type ShallowRef } from 'vue';
import { open } from '@/api';
import type { ApiFailure } from '@/failures/apiFailure';
import { LiveStream, type LiveReading, type LiveState, type Skipped } from './liveStream';

/** A page in the background keeps its connection for so long: browsers have six to a server over HTTP/1.1. */
const patience = 60_000;

/** Away for longer, it asks for points again: a replay of hours is more than they are. */
const tooLong = 5 * 60_000;

export interface Live {
  readonly state: ShallowRef<LiveState>;
  readonly failure: ShallowRef<ApiFailure | null>;
  /** Follows these topics from these numbers on; none ends it. */
  follow(seqs: Iterable<readonly [topic: string, seq: number]>): void;
}

/** The live readings of a page: one connection, which rests while the page is in the background. */
export function useLive(listener: {
  onReading(reading: LiveReading): void;
  onSkipped(skipped: Skipped): void;
  /** So much was missed that the page should read it instead. */
  onStale(): void;
}): Live {
  const state = shallowRef<LiveState>('paused');
  const failure = shallowRef<ApiFailure | null>(null);
  const stream = new LiveStream(open, {
    onReading: listener.onReading,
    onSkipped: listener.onSkipped,
    onState(now, why) {
      state.value = now;
      failure.value = why;
    },
  });
  const visibility = useDocumentVisibility();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pausedAt: number | null = null;

  watch(visibility, (now) => {
    clearTimeout(timer);
    if (now === 'hidden') {
      timer = setTimeout(() => {
        if (state.value !== 'paused') {
          pausedAt = Date.now();
          stream.pause();
        }
      }, patience);
    } else if (pausedAt !== null) {
      const away = Date.now() - pausedAt;
      pausedAt = null;
      if (away > tooLong) {
        listener.onStale();
      } else {
        stream.resume();
      }
    }
  });

  onBeforeUnmount(() => {
    clearTimeout(timer);
    stream.close();
  });

  return {
    state,
    failure,
    follow(seqs) {
      pausedAt = null;
      const followed = [...seqs];
      if (followed.length === 0) {
        stream.pause();
      } else {
        stream.follow(followed);
      }
    },
  };
}
