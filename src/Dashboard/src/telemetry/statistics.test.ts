import { expect, it } from 'vitest';
import { statisticsOf } from './statistics';

it('One bucket says what its numbers come to', () => {
  expect(statisticsOf([{ count: 4, sum: 10, min: 1, max: 4, first: 2, last: 3 }])).toEqual({
    count: 4,
    avg: 2.5,
    min: 1,
    max: 4,
    first: 2,
    last: 3,
  });
});

it('Buckets are weighed by how many numbers they have', () => {
  expect(
    statisticsOf([
      { count: 1, sum: 10, min: 10, max: 10, first: 10, last: 10 },
      { count: 0 },
      { count: 3, sum: 6, min: 1, max: 3, first: 3, last: 2 },
    ]),
  ).toEqual({ count: 4, avg: 4, min: 1, max: 10, first: 10, last: 2 });
});

it('No numbers are no statistics', () => {
  expect(statisticsOf([])).toBeNull();
  expect(statisticsOf([{ count: 0 }])).toBeNull();
});

it('A sum that was too large for a number makes no average', () => {
  expect(statisticsOf([{ count: 2, sum: null, min: 1, max: 2, first: 1, last: 2 }])?.avg).toBeNaN();
});
