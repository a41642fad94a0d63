/** A stretch of event time, [start, end), in milliseconds since 1970. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** The ranges that end now, by the name that the address of a page has for them. */
export const recentRanges = {
  '15m': { label: '15 min', length: 15 * minute },
  '1h': { label: '1 hour', length: hour },
  '6h': { label: '6 hours', length: 6 * hour },
  '24h': { label: '24 hours', length: day },
  '7d': { label: '7 days', length: 7 * day },
  '30d': { label: '30 days', length: 30 * day },
  '365d': { label: '1 year', length: 365 * day },
} as const;

export type RecentRange = keyof typeof recentRanges;

/** What a chart shows: the time up to now, which moves on, or a range that stays. */
export type Span = { readonly recent: RecentRange } | { readonly fixed: Range };

const shortest = 10;
/** RFC 3339 has years of four digits, and the API its first instant in year 1; nobody charts before 1900. */
const first = Date.UTC(1900, 0, 1);
const last = Date.UTC(9999, 0, 1);

export const lengthOf = (range: Range): number => range.end - range.start;

export function rangeOf(span: Span, now: number): Range {
  return 'fixed' in span ? span.fixed : { start: now - recentRanges[span.recent].length, end: now };
}

/** A device whose clock is ahead of the viewer's, or a viewer's that is late, must not hide what has just come. */
const clocksMayDiffer = 10 * minute;

/** Where a moving chart ends: now, or at the last reading where that is a little later. */
export function liveEnd(now: number, lastReading: number | undefined): number {
  return lastReading !== undefined && lastReading > now && lastReading - now < clocksMayDiffer ? lastReading + 1 : now;
}

/** What tables ask of a span that moves: also what a clock that is ahead has just sent. */
export function askedRange(span: Span, now: number): Range {
  const range = rangeOf(span, now);
  return 'recent' in span ? { ...range, end: range.end + clocksMayDiffer } : range;
}

/** A range with as much again around it, so that there is something to see at once when it is moved. */
export function widened(range: Range): Range {
  const half = lengthOf(range) / 2;
  return proper({ start: range.start - half, end: range.end + half });
}

/** Makes a range one that can be asked for: forward, not shorter than 10 ms, within the calendar, on whole milliseconds. */
export function proper(range: Range): Range {
  const [low, high] = range.start <= range.end ? [range.start, range.end] : [range.end, range.start];
  const start = Math.min(Math.max(Math.floor(low), first), last - shortest);
  return { start, end: Math.max(Math.min(Math.ceil(high), last), start + shortest) };
}

/** Nearer (factor below 1) or further, around a point that stays where it is. */
export function zoomed(range: Range, factor: number, around = (range.start + range.end) / 2): Range {
  return proper({ start: around - (around - range.start) * factor, end: around + (range.end - around) * factor });
}

/** Earlier (negative) or later, by a part of its length. */
export function panned(range: Range, part: number): Range {
  const by = Math.round(lengthOf(range) * part);
  const start = Math.min(Math.max(range.start + by, first), last - lengthOf(range));
  return proper({ start, end: start + lengthOf(range) });
}

/** All of what there is from first to last, with a little room around it. */
export function around(from: number, to: number): Range {
  const room = Math.max((to - from) * 0.02, second);
  return proper({ start: from - room, end: to + room });
}

/** From when to when a topic has readings, as the API's list of topics has it. */
export interface Extent {
  readonly first: string | null;
  readonly last: string | null;
}

/** Room around the readings of a topic that is quiet, so that a few of them are no line at an edge. */
const roomAround = 5 * minute;

/**
 * What to look at first: the time that ends now where there are recent readings, no longer than a young topic's need; else
 * the last week that has some, or less where that is all.
 */
export function firstSpan(topic: Extent | null, now: number): Span {
  const [from, to] = [topic?.first, topic?.last].map((time) => (time ? Date.parse(time) : null));
  if (from === null || to === null || from === undefined || to === undefined) {
    return { recent: '15m' };
  }

  if (now - to < hour) {
    return { recent: now - from < 15 * minute ? '15m' : '1h' };
  }

  if (now - to < day) {
    return { recent: '24h' };
  }

  const start = Math.max(from, to - 7 * day);
  const room = Math.max((to - start) * 0.02, roomAround);
  return { fixed: proper({ start: start - room, end: to + room }) };
}

/** All that there can be. */
export const allTime: Range = { start: first, end: last };

export const toInstant = (time: number): string => new Date(time).toISOString();

/** A span as the query of a page's address has it, so that Back undoes a zoom and a link shows what one sees. */
export function toQuery(span: Span): Record<string, string> {
  return 'recent' in span
    ? { range: span.recent }
    : { from: toInstant(span.fixed.start), to: toInstant(span.fixed.end) };
}

/** null where the query has none, or one that makes no sense. */
export function fromQuery(query: Readonly<Record<string, unknown>>): Span | null {
  const { range, from, to } = query;
  if (typeof range === 'string' && Object.hasOwn(recentRanges, range)) {
    return { recent: range as RecentRange };
  }

  if (typeof from !== 'string' || typeof to !== 'string') {
    return null;
  }

  const [start, end] = [Date.parse(from), Date.parse(to)];
  return start < end ? { fixed: proper({ start, end }) } : null;
}
