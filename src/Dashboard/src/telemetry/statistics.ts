/** What the numbers of a range come to. */
export interface Statistics {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly avg: number;
  readonly first: number;
  readonly last: number;
}

/** A bucket as the API answers it when asked for all of these. */
export interface StatisticsBucket {
  readonly count?: number | null;
  readonly sum?: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly first?: number | null;
  readonly last?: number | null;
}

/** So long that a range is in one bucket, or two where it lies across the turn of a century. */
export const wholeRange = { every: '100y', fn: 'count,sum,min,max,first,last' } as const;

/** Puts buckets together, which are in the order of time. null where there are no numbers. */
export function statisticsOf(buckets: readonly StatisticsBucket[]): Statistics | null {
  const filled = buckets.filter((bucket) => (bucket.count ?? 0) > 0);
  const [first, last] = [filled[0], filled.at(-1)];
  if (!first || !last) {
    return null;
  }

  const sumOf = (pick: (bucket: StatisticsBucket) => number | null | undefined) =>
    filled.reduce((sum, bucket) => sum + (pick(bucket) ?? NaN), 0);
  const count = sumOf((bucket) => bucket.count);
  return {
    count,
    min: Math.min(...filled.map((bucket) => bucket.min ?? NaN)),
    max: Math.max(...filled.map((bucket) => bucket.max ?? NaN)),
    avg: sumOf((bucket) => bucket.sum) / count,
    first: first.first ?? NaN,
    last: last.last ?? NaN,
  };
}
