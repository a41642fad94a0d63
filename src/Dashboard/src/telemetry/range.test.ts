import { describe, expect, it } from 'vitest';
import {
  around,
  day,
  firstSpan,
  fromQuery,
  hour,
  liveEnd,
  minute,
  panned,
  proper,
  rangeOf,
  toInstant,
  toQuery,
  widened,
  zoomed,
} from './range';

const noon = Date.UTC(2026, 2, 1, 12);

const readings = (first: number, last: number) => ({ first: toInstant(first), last: toInstant(last) });

describe('a range', () => {
  it('that ends now moves on with the clock', () => {
    expect(rangeOf({ recent: '1h' }, noon)).toEqual({ start: noon - hour, end: noon });
    expect(rangeOf({ recent: '1h' }, noon + minute)).toEqual({ start: noon - hour + minute, end: noon + minute });
  });

  it('that is fixed stays', () => {
    const fixed = { start: noon, end: noon + hour };
    expect(rangeOf({ fixed }, noon + day)).toBe(fixed);
  });

  it('is turned round, widened and kept within the calendar', () => {
    expect(proper({ start: 20, end: 5 })).toEqual({ start: 5, end: 20 });
    expect(proper({ start: noon + 0.4, end: noon + 0.6 })).toEqual({ start: noon, end: noon + 10 });
    const widest = proper({ start: -1e18, end: 1e18 });
    expect([new Date(widest.start).getUTCFullYear(), new Date(widest.end).getUTCFullYear()]).toEqual([1900, 9999]);
  });

  it('is zoomed around a point, which stays at its place', () => {
    const range = { start: noon, end: noon + 4 * hour };
    expect(zoomed(range, 0.5)).toEqual({ start: noon + hour, end: noon + 3 * hour });
    expect(zoomed(range, 0.5, noon + hour)).toEqual({ start: noon + 0.5 * hour, end: noon + 2.5 * hour });
    expect(zoomed(zoomed(range, 0.5, noon), 2, noon)).toEqual(range);
  });

  it('can be zoomed without end, in both directions', () => {
    let near = { start: noon, end: noon + hour };
    let far = near;
    for (let i = 0; i < 200; i++) {
      near = zoomed(near, 0.5);
      far = zoomed(far, 2);
    }
    expect(near.end - near.start).toBe(10);
    expect(far.end).toBeGreaterThan(far.start);
    expect(new Date(far.end).toISOString()).toMatch(/^\d{4}-/);
  });

  it('is panned by a part of its length, which it keeps', () => {
    expect(panned({ start: noon, end: noon + hour }, -0.5)).toEqual({ start: noon - hour / 2, end: noon + hour / 2 });
    const atTheEnd = panned({ start: Date.UTC(9998, 11, 31), end: Date.UTC(9999, 0, 1) }, 1);
    expect(atTheEnd.end - atTheEnd.start).toBe(day);
  });

  it('of all there is has room at both ends', () => {
    expect(around(noon, noon)).toEqual({ start: noon - 1_000, end: noon + 1_000 });
    const all = around(noon, noon + 100 * hour);
    expect([all.start, all.end]).toEqual([noon - 2 * hour, noon + 102 * hour]);
  });
});

describe('a moving chart', () => {
  it('ends now, or with a reading that is from a little later', () => {
    expect(liveEnd(noon, undefined)).toBe(noon);
    expect(liveEnd(noon, noon - minute)).toBe(noon);
    expect(liveEnd(noon, noon + minute)).toBe(noon + minute + 1);
    expect(liveEnd(noon, noon + day)).toBe(noon);
  });

  it('is asked for with as much again around it', () => {
    expect(widened({ start: noon, end: noon + 2 * hour })).toEqual({ start: noon - hour, end: noon + 3 * hour });
  });
});

describe('what is shown first', () => {
  it('is the last hour or day where there are readings in it', () => {
    expect(firstSpan(readings(noon - day, noon - minute), noon)).toEqual({ recent: '1h' });
    expect(firstSpan(readings(noon - day, noon - 2 * hour), noon)).toEqual({ recent: '24h' });
  });

  it('is short while a topic is young', () => {
    expect(firstSpan(null, noon)).toEqual({ recent: '15m' });
    expect(firstSpan(readings(noon - 3 * minute, noon), noon)).toEqual({ recent: '15m' });
    expect(firstSpan(readings(noon - 16 * minute, noon), noon)).toEqual({ recent: '1h' });
  });

  it('is the last week that has readings otherwise, its last reading included', () => {
    const last = noon - 400 * day;
    const room = 0.02 * 7 * day;
    expect(firstSpan(readings(last - 90 * day, last), noon)).toEqual({
      fixed: { start: last - 7 * day - room, end: last + room },
    });
  });

  it('is around the readings where they are of less than a week', () => {
    const last = noon - 400 * day;
    expect(firstSpan(readings(last - minute, last), noon)).toEqual({
      fixed: { start: last - 6 * minute, end: last + 5 * minute },
    });
  });
});

describe('the address of a page', () => {
  it.each([{ recent: '7d' as const }, { fixed: { start: noon, end: noon + 1 * hour + 1 } }])(
    'keeps the span %o',
    (span) => {
      expect(fromQuery(toQuery(span))).toEqual(span);
    },
  );

  it.each([
    {},
    { range: '8h' },
    { range: 'toString' },
    { range: ['1h'] },
    { from: '2026-03-01T00:00:00Z' },
    { from: '2026-03-01T00:00:00Z', to: '2026-03-01T00:00:00Z' },
    { from: 'yesterday', to: 'today' },
  ])('may be nonsense: %o', (query) => {
    expect(fromQuery(query)).toBeNull();
  });
});
