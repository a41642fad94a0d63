import { EventSourceParserStream } from 'eventsource-parser/stream';
import { ApiFailure, failureOf } from '@/failures/apiFailure';
import { Cursors } from './cursors';

/** A reading as a stream has it, and a row of a range. */
export interface LiveReading {
  readonly topic: string;
  readonly date: string;
  readonly value: unknown;
  readonly seq: number;
  readonly received: string;
  readonly device: string;
}

/** Readings that this viewer was too slow for: they are in the history. */
export interface Skipped {
  readonly topic: string;
  readonly from: number;
  readonly to: number;
}

export type LiveState = 'connecting' | 'live' | 'waiting' | 'paused' | 'refused';

export interface LiveListener {
  onReading(reading: LiveReading): void;
  onSkipped(skipped: Skipped): void;
  onState(state: LiveState, failure: ApiFailure | null): void;
}

/** Opens an address of the API with a token that is good now. */
export type Open = (path: string, headers: Record<string, string>, signal: AbortSignal) => Promise<Response>;

/** The server says something, if only a comment, every 15 seconds; without any for longer the connection is dead. */
const silence = 40_000;
const shortestWait = 500;
const longestWait = 10_000;

/** As EventSource would, which cannot send a token. */
const lastEventId = 'Last-Event-ID';

/**
 * Follows topics live, from the number of the last reading that is known of each. When the connection ends, for whatever
 * reason, it goes on from where it was: nothing is missed, and nothing comes twice.
 */
export class LiveStream {
  readonly #open: Open;
  readonly #listener: LiveListener;
  #cursors = new Cursors([]);
  #run: AbortController | null = null;
  #id = '';

  constructor(open: Open, listener: LiveListener) {
    this.#open = open;
    this.#listener = listener;
  }

  /** Begins, or begins anew with other topics. */
  follow(seqs: Iterable<readonly [topic: string, seq: number]>): void {
    this.#run?.abort();
    this.#cursors = new Cursors(seqs);
    this.#id = '';
    this.resume();
  }

  /** Ends the connection, and remembers where it was. */
  pause(): void {
    if (this.#run) {
      this.#run.abort();
      this.#run = null;
      this.#listener.onState('paused', null);
    }
  }

  /** Goes on from there. */
  resume(): void {
    this.#run?.abort();
    this.#run = new AbortController();
    if (this.#cursors.topics.length > 0) {
      void this.#keepGoing(this.#run.signal);
    }
  }

  close(): void {
    this.#run?.abort();
    this.#run = null;
  }

  async #keepGoing(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      this.#tell(signal, failures === 0 ? 'connecting' : 'waiting');
      let wait = failures === 0 ? shortestWait : Math.min(shortestWait * 2 ** failures, longestWait);
      try {
        if (await this.#connect(signal)) {
          failures = -1;
          wait = shortestWait;
        }
      } catch (e) {
        if (!signal.aborted && e instanceof ApiFailure && e.isFinal) {
          this.#tell(signal, 'refused', e);
          return;
        }

        wait = (e instanceof ApiFailure && e.retryAfter) || wait;
      }

      // Not all at once when the server is back.
      await delay(wait * (0.5 + Math.random() / 2), signal);
    }
  }

  /** Whether anything came before it ended. */
  async #connect(signal: AbortSignal): Promise<boolean> {
    const connection = new AbortController();
    const abort = () => connection.abort();
    signal.addEventListener('abort', abort);
    let watchdog = setTimeout(abort, silence);
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(abort, silence);
    };
    let came = false;
    try {
      const query = this.#cursors.topics.map((topic) => `topics=${encodeURIComponent(topic)}`).join('&');
      const resuming: Record<string, string> = this.#id ? { [lastEventId]: this.#id } : {};
      const headers = { Accept: 'text/event-stream', ...resuming };
      const response = await this.#open(`/stream?${query}&after=${this.#cursors}`, headers, connection.signal);
      if (!response.ok || !response.body) {
        throw await failureOf(response);
      }

      this.#tell(signal, 'live');
      const bytes = response.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            alive();
            controller.enqueue(chunk);
          },
        }),
      );
      const events = bytes
        .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
        .pipeThrough(new EventSourceParserStream())
        .getReader();
      for (;;) {
        const { done, value } = await events.read();
        if (done || signal.aborted || this.#take(value.event ?? '', value.id, value.data)) {
          return came;
        }

        came = true;
      }
    } catch (e) {
      if (e instanceof ApiFailure || !came) {
        throw e;
      }

      return true;
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener('abort', abort);
      connection.abort();
    }
  }

  /** True when the server says that this was all. */
  #take(event: string, id: string | undefined, data: string): boolean {
    switch (event) {
      case 'start':
        this.#cursors.adopt((JSON.parse(data) as { cursor: string }).cursor);
        break;
      case 'reading': {
        const reading = JSON.parse(data) as LiveReading;
        if (this.#cursors.advance(reading.topic, reading.seq)) {
          this.#listener.onReading(reading);
        }
        break;
      }
      case 'skipped': {
        const skipped = JSON.parse(data) as Skipped;
        if (this.#cursors.advance(skipped.topic, skipped.to)) {
          this.#listener.onSkipped(skipped);
        }
        break;
      }
      case 'end':
        return true;
    }

    this.#id = id ?? this.#id;
    return false;
  }

  #tell(signal: AbortSignal, state: LiveState, failure: ApiFailure | null = null): void {
    if (!signal.aborted) {
      this.#listener.onState(state, failure);
    }
  }
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
