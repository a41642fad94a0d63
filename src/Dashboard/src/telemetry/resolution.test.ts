import { describe, expect, it } from 'vitest';
import { day, hour, minute } from './range';
import { columnLength, columnsOf, redrawInterval, resolutionFor, sensibleLengths } from './resolution';

const start = Date.UTC(2026, 0, 1);
const ofLength = (length: number) => ({ start, end: start + length });

describe('columns', () => {
  it('are the pixels of the screen', () => {
    expect(columnsOf(800, 1)).toBe(800);
    expect(columnsOf(333.4, 1.5)).toBe(500);
  });

  it('are no more than the API takes and the eye can see, and at least one', () => {
    expect(columnsOf(800, 4)).toBe(1_600);
    expect(columnsOf(9_000, 2)).toBe(10_000);
    expect(columnsOf(0, 1)).toBe(1);
  });

  it('of a moving chart are whole milliseconds', () => {
    expect(columnLength(ofLength(hour), 1_000)).toBe(3_600);
    expect(columnLength(ofLength(1_000), 3_000)).toBe(1);
  });
});

describe('buckets', () => {
  it('are offered where a range has two or more, and not thousands', () => {
    expect(sensibleLengths(ofLength(minute))).toEqual([]);
    expect(sensibleLengths(ofLength(hour))).toEqual(['1m', '15m']);
    expect(sensibleLengths(ofLength(365 * day))).toEqual(['6h', '1d', '1w', '1mo']);
  });

  it('become others by a zoom that leaves too few or too many of them', () => {
    expect(resolutionFor(ofLength(7 * day), '1h')).toBe('1h');
    expect(resolutionFor(ofLength(365 * day), '1m')).toBe('6h');
    expect(resolutionFor(ofLength(hour), '1d')).toBe('15m');
    expect(resolutionFor(ofLength(minute), '1h')).toBe('points');
    expect(resolutionFor(ofLength(hour), 'points')).toBe('points');
  });
});

describe('a moving chart', () => {
  it('is drawn when it has moved by a pixel, not more often than can be seen', () => {
    expect(redrawInterval(ofLength(hour), 1_000)).toBe(3_600);
    expect(redrawInterval(ofLength(minute), 1_000)).toBe(100);
    expect(redrawInterval(ofLength(365 * day), 1_000)).toBe(10_000);
  });
});
