import { expect, it } from 'vitest';
import { unreachable } from './apiFailure';
import { shownFailure } from './shownFailure';

const why = unreachable();

it.each([
  ['with nothing to show at once', null, why, 1, false, why],
  ['not the first time under something that is shown', null, why, 1, true, null],
  ['the second time under it', null, why, 2, true, why],
  ['when it is given up', why, why, 1, true, why],
  ['never where nothing failed', null, null, 0, false, null],
])('is said %s', (_, error, reason, count, isKept, said) => {
  expect(shownFailure(error, reason, count, isKept)).toBe(said);
});
