import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveStream, type LiveListener } from './liveStream';

/** A server that answers each connection with what a test says, and remembers what it was asked. */
class Server {
  readonly asked: { path: string; headers: Record<string, string> }[] = [];
  #writer: ReadableStreamDefaultController<Uint8Array> | null = null;
  #waiting: (() => void)[] = [];
  answer: () => Response | null = () => null;

  readonly open = (path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> => {
    this.asked.push({ path, headers });
    this.#waiting.splice(0).forEach((go) => go());
    const refusal = this.answer();
    if (refusal) {
      return Promise.resolve(refusal);
    }

    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#writer = controller;
        signal.addEventListener('abort', () => {
          try {
            controller.error(new DOMException('Aborted', 'AbortError'));
          } catch {
            // It has ended already.
          }
        });
      },
    });
    return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
  };

  write(text: string): void {
    this.#writer?.enqueue(new TextEncoder().encode(text));
  }

  reading(topic: string, seq: number, id: string): void {
    const data = JSON.stringify({ topic, date: '2026-03-01T00:00:00Z', value: seq, seq, received: '', device: 'd' });
    this.write(`event: reading\nid: ${id}\ndata: ${data}\n\n`);
  }

  breakOff(): void {
    this.#writer?.error(new TypeError('network error'));
  }

  end(code: string): void {
    this.write(`event: end\ndata: {"code":"${code}","detail":""}\n\n`);
  }
}

let server: Server;
let stream: LiveStream;
let listener: { [name in keyof LiveListener]: ReturnType<typeof vi.fn> };

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  listener = { onReading: vi.fn(), onSkipped: vi.fn(), onState: vi.fn() };
  stream = new LiveStream(server.open, listener as unknown as LiveListener);
});

afterEach(() => {
  stream.close();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const aWhile = () => vi.advanceTimersByTimeAsync(1_000);
const seqs = () => listener.onReading.mock.calls.map(([reading]) => (reading as { seq: number }).seq);
const states = () => listener.onState.mock.calls.map(([state]) => state as string);

describe('a stream', () => {
  it('asks for what comes after the numbers that are known', async () => {
    stream.follow([
      ['devices/a/x y', 12],
      ['b', 0],
    ]);
    await settle();
    expect(server.asked[0]?.path).toBe('/stream?topics=devices%2Fa%2Fx%20y&topics=b&after=12,0');
    expect(server.asked[0]?.headers['Last-Event-ID']).toBeUndefined();
  });

  it('hands on readings, in whatever pieces they come', async () => {
    stream.follow([['a', 0]]);
    await settle();
    server.reading('a', 1, '1');
    server.write('event: reading\nid: 2\nda');
    server.write('ta: {"topic":"a","seq":2}\n\n: still here\n\n');
    await settle();
    expect(seqs()).toEqual([1, 2]);
    expect(states()).toEqual(['connecting', 'live']);
  });

  it.each(['breakOff', 'end'] as const)('goes on where it was after %s', async (how) => {
    stream.follow([
      ['a', 5],
      ['b', 9],
    ]);
    await settle();
    server.reading('a', 6, '6,9');
    await settle();
    server[how]('stopping');
    await aWhile();
    expect(server.asked).toHaveLength(2);
    expect(server.asked[1]).toMatchObject({
      path: '/stream?topics=a&topics=b&after=6,9',
      headers: { 'Last-Event-ID': '6,9' },
    });
    server.reading('a', 6, '6,9');
    server.reading('b', 10, '6,10');
    await settle();
    expect(seqs()).toEqual([6, 10]);
  });

  it('has a place to go on from before the first reading', async () => {
    stream.follow([['a', 5]]);
    await settle();
    server.write('event: start\nid: 5\ndata: {"cursor":"5"}\n\n');
    await settle();
    server.breakOff();
    await aWhile();
    expect(server.asked[1]?.headers['Last-Event-ID']).toBe('5');
  });

  it('says what was skipped, and goes on behind it', async () => {
    stream.follow([['a', 0]]);
    await settle();
    server.write('event: skipped\nid: 40\ndata: {"topic":"a","from":1,"to":40}\n\n');
    server.reading('a', 41, '41');
    await settle();
    expect(listener.onSkipped).toHaveBeenCalledWith({ topic: 'a', from: 1, to: 40 });
    expect(seqs()).toEqual([41]);
  });

  it('is taken for dead when the server says nothing at all', async () => {
    stream.follow([['a', 0]]);
    await settle();
    server.write(': heartbeat\n\n');
    await vi.advanceTimersByTimeAsync(39_000);
    expect(server.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(server.asked).toHaveLength(2);
  });

  it('tries again, less and less often, while the server is away', async () => {
    server.answer = () => new Response('', { status: 503 });
    stream.follow([['a', 0]]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(server.asked.length).toBeGreaterThan(12);
    expect(server.asked.length).toBeLessThan(40);
    expect(states().at(-1)).toBe('waiting');
  });

  it('gives up what it may not have, and says why', async () => {
    server.answer = () => Response.json({ failure: 'forbidden', detail: 'This is not yours.' }, { status: 403 });
    stream.follow([['a', 0]]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.asked).toHaveLength(1);
    expect(listener.onState).toHaveBeenLastCalledWith(
      'refused',
      expect.objectContaining({ message: 'This is not yours.' }),
    );
  });

  it('rests, and goes on from there', async () => {
    stream.follow([['a', 0]]);
    await settle();
    server.reading('a', 3, '3');
    await settle();
    stream.pause();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.asked).toHaveLength(1);
    stream.resume();
    await settle();
    expect(server.asked[1]?.path).toContain('after=3');
  });

  it('of other topics ends the one before', async () => {
    stream.follow([['a', 0]]);
    await settle();
    const before = server.asked.length;
    stream.follow([['b', 1]]);
    await settle();
    server.reading('a', 1, '1');
    server.reading('b', 2, '2');
    await settle();
    expect(server.asked.length).toBe(before + 1);
    expect(seqs()).toEqual([2]);
  });
});
