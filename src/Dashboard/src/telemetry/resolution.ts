import { day, hour, lengthOf, minute, second, type Range } from './range';

/** The most columns that `?points=` takes. */
const mostColumns = 10_000;

/** How a range is asked for: the least and greatest number of each column, or averages bucket by bucket. */
export type Resolution = 'points' | Every;

export const everyLengths = {
  '1m': minute,
  '15m': 15 * minute,
  '1h': hour,
  '6h': 6 * hour,
  '1d': day,
  '1w': 7 * day,
  '1mo': 30 * day,
} as const;

export type Every = keyof typeof everyLengths;

/** More buckets than this are no chart any more, and more than a page has. */
const mostBuckets = 3_000;

/** A column for each pixel of the screen that the plot takes, so that a zoom shows what was hidden before and no more. */
export function columnsOf(width: number, pixelRatio: number): number {
  return Math.min(Math.max(Math.round(width * Math.min(pixelRatio, 2)), 1), mostColumns);
}

/** Those lengths of buckets of which the range has at least two and not too many. */
export function sensibleLengths(range: Range): Every[] {
  return (Object.keys(everyLengths) as Every[]).filter((every) => {
    const buckets = lengthOf(range) / everyLengths[every];
    return buckets >= 2 && buckets <= mostBuckets;
  });
}

/** What was chosen where it makes sense for the range, else the nearest length that does, else the points. */
export function resolutionFor(range: Range, wished: Resolution): Resolution {
  if (wished === 'points') {
    return 'points';
  }

  const sensible = sensibleLengths(range);
  if (sensible.includes(wished)) {
    return wished;
  }

  return (everyLengths[wished] < lengthOf(range) / 2 ? sensible[0] : sensible.at(-1)) ?? 'points';
}

/** How long one column of a moving chart is: a whole number of milliseconds, so that columns stay where they are. */
export function columnLength(range: Range, columns: number): number {
  return Math.max(Math.ceil(lengthOf(range) / columns), 1);
}

/** How often a moving chart is worth drawing again: when it has moved by a pixel, at most ten times a second. */
export function redrawInterval(range: Range, width: number): number {
  return Math.min(Math.max(lengthOf(range) / Math.max(width, 1), 100), 10 * second);
}
