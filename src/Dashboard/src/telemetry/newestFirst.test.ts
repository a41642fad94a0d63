import { expect, it } from 'vitest';
import type { Reading } from './history';
import { newestFirst } from './newestFirst';

const reading = (seq: number, second: number): Reading => ({
  seq,
  date: new Date(Date.UTC(2026, 2, 1, 0, 0, second)).toISOString(),
  received: '2026-03-01T00:01:00Z',
  device: 'meter-7',
  value: seq,
});

const seqs = (rows: readonly Reading[]) => rows.map(({ seq }) => seq);

it('puts what has come before what was read', () => {
  expect(seqs(newestFirst([reading(2, 2), reading(1, 1)], [reading(3, 3), reading(4, 4)], true))).toEqual([4, 3, 2, 1]);
});

it('shows once what was read and has come', () => {
  expect(seqs(newestFirst([reading(2, 2), reading(1, 1)], [reading(2, 2), reading(3, 3)], true))).toEqual([3, 2, 1]);
});

it('puts a late reading where its time is', () => {
  expect(seqs(newestFirst([reading(2, 9), reading(1, 1)], [reading(3, 5)], true))).toEqual([2, 3, 1]);
});

it('leaves to a later page what belongs there', () => {
  const read = [reading(9, 9), reading(8, 8)];
  expect(seqs(newestFirst(read, [reading(10, 3), reading(11, 10)], false))).toEqual([11, 9, 8]);
  expect(seqs(newestFirst(read, [reading(10, 3)], true))).toEqual([9, 8, 10]);
});
