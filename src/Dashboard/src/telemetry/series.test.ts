import { describe, expect, it } from 'vitest';
import { countWithin, firstAfter, gapLength, nearestPoint, Series, thinned, type Point, withGaps } from './series';

const point = (seq: number, at: number, value = seq): Point => ({ at, value, seq });

function seriesOf(...points: Point[]): Series {
  const series = new Series();
  series.replace(points, Math.max(0, ...points.map(({ seq }) => seq)));
  return series;
}

describe('a series', () => {
  it('goes on after what was fetched', () => {
    const series = seriesOf(point(1, 10), point(2, 20));
    expect(series.add(point(3, 30))).toBe(true);
    expect([series.times, series.values, series.lastSeq]).toEqual([[10, 20, 30], [1, 2, 3], 3]);
  });

  it('has a reading once that was fetched and comes again', () => {
    const series = seriesOf(point(1, 10), point(2, 20));
    expect(series.add(point(2, 20))).toBe(false);
    expect(series.length).toBe(2);
  });

  it('knows by the last number what an answer stood for, also where thinning has left it out', () => {
    const series = new Series();
    series.replace([point(1, 10), point(4, 40)], 5);
    expect(series.add(point(5, 50))).toBe(false);
    expect(series.add(point(6, 60))).toBe(true);
    expect(series.values).toEqual([1, 4, 6]);
  });

  it('puts a late reading where it belongs, behind one of the same time', () => {
    const series = seriesOf(point(1, 10), point(2, 20), point(3, 30));
    series.add(point(4, 20));
    series.add(point(5, 5));
    expect(series.values).toEqual([5, 1, 2, 4, 3]);
  });

  it('loses nothing that comes while an answer is on its way, and doubles nothing that the answer has', () => {
    const series = seriesOf(point(1, 10));
    series.expect();
    series.add(point(2, 20));
    series.add(point(3, 30));
    series.replace([point(1, 10), point(2, 20)], 2);
    expect(series.values).toEqual([1, 2, 3]);
    series.add(point(4, 40));
    series.expect();
    series.replace([point(1, 10)], 4);
    expect(series.values).toEqual([1]);
  });

  it('counts a reading without a number as arrived', () => {
    const series = seriesOf(point(1, 10));
    series.pass(2);
    expect([series.lastSeq, series.length]).toEqual([2, 1]);
  });

  it('does not grow with a moving range', () => {
    const series = new Series();
    for (let i = 1; i <= 100_000; i++) {
      series.add(point(i, i * 100, Math.sin(i)));
      series.fit({ start: i * 100 - 60_000, end: i * 100 }, 600);
    }
    expect(series.length).toBeLessThan(450);
    expect(series.times.at(-1)).toBe(10_000_000);
    expect(series.times[0]).toBeLessThanOrEqual(10_000_000 - 60_000);
  });

  it('keeps the point from which the line comes into the range', () => {
    const series = seriesOf(point(1, 10), point(2, 20), point(3, 30));
    series.fit({ start: 25, end: 40 }, 1);
    expect(series.times).toEqual([20, 30]);
  });
});

describe('thinning', () => {
  it('keeps the least and the greatest number of each column, in the order of time', () => {
    expect(thinned([0, 1, 2, 3, 10, 11, 20], [5, 9, 1, 5, 3, 3, 7], 10)).toEqual([
      [1, 2, 10, 20],
      [9, 1, 3, 7],
    ]);
  });

  it('leaves what was thinned as it is', () => {
    const times = Array.from({ length: 1_000 }, (_, i) => i * 7);
    const values = times.map((time) => Math.sin(time));
    const once = thinned(times, values, 100);
    expect(thinned(...once, 100)).toEqual(once);
    expect(Math.max(...once[1])).toBe(Math.max(...values));
    expect(Math.min(...once[1])).toBe(Math.min(...values));
  });
});

describe('the place of a time', () => {
  it.each([
    [[], 5, 0],
    [[1, 2, 3], 0, 0],
    [[1, 2, 2, 3], 2, 3],
    [[1, 2, 3], 3, 3],
  ])('in %o after %d is %d', (sorted, value, place) => expect(firstAfter(sorted, value)).toBe(place));
});

describe('a gap', () => {
  const every = (length: number, count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i * length);

  it('is many times as long as the usual distance', () => {
    const times = [...every(60_000, 50), ...every(60_000, 50, 86_400_000)];
    const gap = gapLength(times, 1_000);
    expect(gap).toBe(12 * 60_000);
    const [withHole, values] = withGaps(times, times, gap);
    expect(withHole.length).toBe(101);
    expect(values.indexOf(null)).toBe(50);
  });

  it('is not seen between a few points, nor where it is narrower than three columns', () => {
    expect(gapLength([1, 2, 1_000_000], 1)).toBe(Infinity);
    expect(gapLength(every(1, 100), 60_000)).toBe(180_000);
    expect(withGaps([1, 2, 1_000_000], [1, 2, 3], Infinity)).toEqual([
      [1, 2, 1_000_000],
      [1, 2, 3],
    ]);
  });
});

describe('the nearest point', () => {
  const [times, values] = [
    [10, 20, 25, 30],
    [1, 2, null, 3],
  ];

  it.each([
    [-5, 0],
    [10, 0],
    [14, 0],
    [16, 1],
    [24, 1],
    [26, 3],
    [99, 3],
  ])('to %i is number %i', (at, place) => expect(nearestPoint(times, values, at)).toBe(place));

  it('of nothing is none', () => {
    expect(nearestPoint([], [], 10)).toBe(-1);
    expect(nearestPoint([10], [null], 10)).toBe(-1);
  });
});

it('counts points from a time up to another', () => {
  const [times, values] = [
    [10, 20, 25, 30],
    [1, 2, null, 3],
  ];
  expect(countWithin(times, values, { start: 10, end: 30 })).toBe(2);
  expect(countWithin(times, values, { start: 11, end: 31 })).toBe(2);
  expect(countWithin(times, values, { start: 31, end: 99 })).toBe(0);
});
