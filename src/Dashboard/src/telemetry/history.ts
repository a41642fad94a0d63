import { api, dataOf, type Schemas } from '@/api';
import { ApiFailure } from '@/failures/apiFailure';
import { timeZone } from '@/shell/time';
import { allTime, toInstant, type Range } from './range';
import { everyLengths, type Every } from './resolution';
import type { Point } from './series';
import { statisticsOf, wholeRange, type Statistics } from './statistics';

export type Reading = Schemas['ReadingView'];

export interface Points {
  readonly points: readonly Point[];
  readonly readings: number;
  readonly lastSeq: number;
}

/** Buckets with their averages, in their middles, and the least and greatest around them. */
export interface Buckets {
  readonly times: readonly number[];
  readonly averages: readonly (number | null)[];
  readonly least: readonly (number | null)[];
  readonly greatest: readonly (number | null)[];
  readonly readings: number;
  readonly lastSeq: number;
}

export interface ReadingPage {
  readonly readings: readonly Reading[];
  readonly next: string | null;
}

type RangeQuestion = {
  points?: string;
  every?: string;
  fn?: string;
  tz?: string;
  field?: string;
  order?: string;
  limit?: number;
  cursor?: string;
};

/** The points of a chart: the least and the greatest number of each column. */
export async function fetchPoints(
  topic: string,
  range: Range,
  columns: number,
  field: string | null,
  signal?: AbortSignal,
): Promise<Points> {
  const answer = (await ask(topic, range, { points: String(columns), field: field ?? undefined }, signal)) as
    Schemas['PointList'] | null;
  const points = (answer?.data ?? []).map(({ date, value, seq }) => ({ at: Date.parse(date), value, seq }));
  return { points, readings: answer?.readings ?? 0, lastSeq: answer?.last_seq ?? 0 };
}

/** Averages of buckets by the viewer's clock. */
export async function fetchBuckets(
  topic: string,
  range: Range,
  every: Every,
  field: string | null,
  signal?: AbortSignal,
): Promise<Buckets> {
  const question = { every, fn: 'avg,min,max,count', tz: timeZone, field: field ?? undefined, limit: 10_000 };
  const answer = (await ask(topic, range, question, signal)) as Schemas['BucketPage'] | null;
  const [times, averages, least, greatest]: [number[], (number | null)[], (number | null)[], (number | null)[]] = [
    [],
    [],
    [],
    [],
  ];
  const buckets = answer?.data ?? [];
  buckets.forEach((bucket, i) => {
    const [start, end] = [Date.parse(bucket.start), Date.parse(bucket.end)];
    const before = buckets[i - 1];
    if (before && start - Date.parse(before.end) > everyLengths[every] / 2) {
      times.push((Date.parse(before.end) + start) / 2);
      averages.push(null);
      least.push(null);
      greatest.push(null);
    }

    times.push((start + end) / 2);
    averages.push(bucket.avg ?? null);
    least.push(bucket.min ?? null);
    greatest.push(bucket.max ?? null);
  });
  const readings = buckets.reduce((sum, bucket) => sum + (bucket.count ?? 0), 0);
  return { times, averages, least, greatest, readings, lastSeq: answer?.last_seq ?? 0 };
}

export async function fetchStatistics(
  topic: string,
  range: Range,
  field: string | null,
  signal?: AbortSignal,
): Promise<Statistics | null> {
  const answer = (await ask(topic, range, { ...wholeRange, field: field ?? undefined }, signal)) as
    Schemas['BucketPage'] | null;
  return statisticsOf(answer?.data ?? []);
}

/** The readings of a range as they were sent, the newest first. */
export async function fetchReadings(
  topic: string,
  range: Range,
  limit: number,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<ReadingPage> {
  const question = { order: 'desc', limit, cursor: cursor ?? undefined };
  const answer = (await ask(topic, range, question, signal)) as Schemas['ReadingPage'] | null;
  return { readings: answer?.data ?? [], next: answer?.next ?? null };
}

/** The latest reading of a topic, and the number from which a stream goes on. */
export async function fetchLast(
  topic: string,
  signal?: AbortSignal,
): Promise<{ reading: Reading | null; seq: number }> {
  const answer = (await ask(topic, allTime, { order: 'desc', limit: 1 }, signal)) as Schemas['ReadingPage'] | null;
  return { reading: answer?.data[0] ?? null, seq: answer?.last_seq ?? 0 };
}

/** The latest reading of a topic, or null when it never had one. */
export async function fetchLatest(topic: string, signal?: AbortSignal): Promise<Reading | null> {
  const answer = await orNull(
    dataOf(api.GET('/iot/{topic}/latest', { params: { path: { topic } }, signal: signal ?? null })),
  );
  return answer?.data[0] ?? null;
}

/** null when nobody has ever published to the topic, which for a chart is not a failure: something may come. */
function ask(topic: string, range: Range, query: RangeQuestion, signal?: AbortSignal) {
  const path = { topic, start: toInstant(range.start), end: toInstant(range.end) };
  return orNull(dataOf(api.GET('/iot/{topic}/{start}/{end}', { params: { path, query }, signal: signal ?? null })));
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (e) {
    if (e instanceof ApiFailure && e.status === 404) {
      return null;
    }

    throw e;
  }
}
