import type { Range } from './range';

export interface Point {
  /** Event time, in milliseconds. */
  readonly at: number;
  readonly value: number;
  /** The number of the reading in its topic. */
  readonly seq: number;
}

/** Thinning is worth its while only now and then, so there is room for twice as many points again. */
const roomFactor = 2;

/**
 * The points of one topic in a chart, ascending by time. They are fetched at first, and live readings are added; what is
 * in here already is recognised by its number, so that a reading which comes both ways is here once.
 */
export class Series {
  #times: number[] = [];
  #values: number[] = [];
  #lastSeq = 0;

  /** Live readings that came while an answer was on its way: perhaps the answer has them, perhaps not. */
  #meanwhile: Point[] | null = null;

  get times(): readonly number[] {
    return this.#times;
  }

  get values(): readonly number[] {
    return this.#values;
  }

  get length(): number {
    return this.#times.length;
  }

  /** Every reading of the topic up to this number is in here, as far as the range and the resolution allow. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Says that points are being fetched. */
  expect(): void {
    this.#meanwhile = [];
  }

  /** Takes what was fetched instead of what is here, and what came meanwhile and is not among it. */
  replace(points: readonly Point[], lastSeq: number): void {
    this.#times = points.map((point) => point.at);
    this.#values = points.map((point) => point.value);
    this.#lastSeq = lastSeq;
    const meanwhile = this.#meanwhile ?? [];
    this.#meanwhile = null;
    for (const point of meanwhile) {
      this.add(point);
    }
  }

  /** Adds a live reading at its place. False when it is here already. */
  add(point: Point): boolean {
    this.#meanwhile?.push(point);
    if (point.seq <= this.#lastSeq) {
      return false;
    }

    this.#lastSeq = point.seq;
    const end = this.#times.length;
    if (end === 0 || point.at >= (this.#times[end - 1] as number)) {
      this.#times.push(point.at);
      this.#values.push(point.value);
      return true;
    }

    const place = firstAfter(this.#times, point.at);
    this.#times.splice(place, 0, point.at);
    this.#values.splice(place, 0, point.value);
    return true;
  }

  /** A reading without a number in the field that is shown: it is not drawn, but it has come. */
  pass(seq: number): void {
    this.#lastSeq = Math.max(this.#lastSeq, seq);
  }

  /**
   * Keeps a moving chart from growing: forgets what has left the range, but for the one point from which the line comes
   * in, and thins to the least and greatest number of each column, as the API's `?points=` does.
   */
  fit(range: Range, columnLength: number): void {
    const left = firstAfter(this.#times, range.start) - 1;
    if (left > 0 && left > this.#times.length / 8) {
      this.#times.splice(0, left);
      this.#values.splice(0, left);
    }

    const columns = (range.end - range.start) / columnLength;
    if (this.#times.length > 2 * roomFactor * columns) {
      [this.#times, this.#values] = thinned(this.#times, this.#values, columnLength);
    }
  }
}

/** The least and the greatest number of each column, ascending by time; columns begin at multiples of their length. */
export function thinned(
  times: readonly number[],
  values: readonly number[],
  columnLength: number,
): [number[], number[]] {
  const [keptTimes, keptValues]: [number[], number[]] = [[], []];
  const keep = (place: number) => {
    keptTimes.push(times[place] as number);
    keptValues.push(values[place] as number);
  };

  for (let begin = 0; begin < times.length;) {
    const column = Math.floor((times[begin] as number) / columnLength);
    let [least, greatest, end] = [begin, begin, begin + 1];
    for (; end < times.length && Math.floor((times[end] as number) / columnLength) === column; end++) {
      least = (values[end] as number) < (values[least] as number) ? end : least;
      greatest = (values[end] as number) > (values[greatest] as number) ? end : greatest;
    }

    keep(Math.min(least, greatest));
    if (least !== greatest) {
      keep(Math.max(least, greatest));
    }

    begin = end;
  }

  return [keptTimes, keptValues];
}

/** Where the first one is that is greater, by halving. */
export function firstAfter(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }

  return low;
}

/** How many points a line has from one time up to another, holes left out. */
export function countWithin(
  times: readonly number[],
  values: readonly (number | null)[],
  { start, end }: Range,
): number {
  let count = 0;
  for (let i = firstAfter(times, start - 1); i < times.length && (times[i] as number) < end; i++) {
    count += values[i] === null ? 0 : 1;
  }

  return count;
}

/** Which point of a line is the nearest to a time, holes left out; -1 where it has none. */
export function nearestPoint(times: readonly number[], values: readonly (number | null)[], at: number): number {
  let [before, after] = [firstAfter(times, at) - 1, firstAfter(times, at)];
  while (before >= 0 && values[before] === null) {
    before--;
  }

  while (after < times.length && values[after] === null) {
    after++;
  }

  if (before < 0 || after >= times.length) {
    return before >= 0 ? before : after < times.length ? after : -1;
  }

  return at - (times[before] as number) <= (times[after] as number) - at ? before : after;
}

/** A pause this much longer than usual is a gap, and a line across it would be invented. */
const gapFactor = 12;

/**
 * From which distance of two points on the line between them is left out: many times the usual one, and more than can be
 * told from it on the screen. Infinity for too few points to have a usual distance.
 */
export function gapLength(times: readonly number[], columnLength: number): number {
  if (times.length < 8) {
    return Infinity;
  }

  // A sample is enough for a median, and points are sorted by time already.
  const step = Math.max(Math.floor(times.length / 500), 1);
  const distances: number[] = [];
  for (let i = step; i < times.length; i += step) {
    distances.push(((times[i] as number) - (times[i - step] as number)) / step);
  }

  distances.sort((a, b) => a - b);
  const usual = distances[distances.length >>> 1] as number;
  return Math.max(usual * gapFactor, columnLength * 3, 1_000);
}

/** Points with a hole (null) in each gap, for a chart that draws a line from point to point. */
export function withGaps(
  times: readonly number[],
  values: readonly number[],
  gap: number,
): [times: number[], values: (number | null)[]] {
  if (!Number.isFinite(gap)) {
    return [times as number[], values as number[]];
  }

  const [allTimes, allValues]: [number[], (number | null)[]] = [[], []];
  for (let i = 0; i < times.length; i++) {
    const [before, at] = [times[i - 1], times[i] as number];
    if (before !== undefined && at - before > gap) {
      allTimes.push((before + at) / 2);
      allValues.push(null);
    }

    allTimes.push(at);
    allValues.push(values[i] as number);
  }

  return [allTimes, allValues];
}
