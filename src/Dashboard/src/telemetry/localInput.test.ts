import { expect, it } from 'vitest';
import { fromInput, toInput } from './localInput';

it('A moment comes back from its field as it went in, by whole seconds', () => {
  const time = new Date(2026, 2, 1, 9, 5, 7).getTime();
  expect(toInput(time)).toBe('2026-03-01T09:05:07');
  expect(fromInput(toInput(time + 400))).toBe(time);
});

it('A field without seconds will do, and half a date will not', () => {
  expect(fromInput('2026-03-01T09:05')).toBe(new Date(2026, 2, 1, 9, 5).getTime());
  expect(['', '2026-03-01', '2026-13-01T00:00', 'now'].map(fromInput)).toEqual([null, null, null, null]);
});
