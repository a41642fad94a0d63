import { expect, it } from 'vitest';
import { sharesOf } from './fleet';

it('Shares are those of the counts', () => {
  const [most = 0, some = 0, few = 0] = sharesOf([6, 3, 1]);
  expect(most / few).toBeCloseTo(6);
  expect(some / few).toBeCloseTo(3);
  expect(most + some + few).toBeCloseTo(1);
});

it('One device of 100,000 is seen, and none is not', () => {
  const [many = 0, one = 0, none] = sharesOf([99_999, 1, 0]);
  expect(one).toBeGreaterThan(0.011);
  expect(many + one).toBeCloseTo(1);
  expect(none).toBe(0);
});

it('No devices have no shares', () => expect(sharesOf([0, 0, 0])).toEqual([0, 0, 0]));
