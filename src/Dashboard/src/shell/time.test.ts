import { expect, it } from 'vitest';
import { agoOf, lengthText } from './time';

const now = Date.UTC(2026, 2, 1, 12);

it.each([
  [0, 'just now'],
  [-5_000, 'just now'],
  [42_000, '42 seconds ago'],
  [60_000, '1 minute ago'],
  [3 * 3_600_000 + 59 * 60_000, '3 hours ago'],
  [60 * 86_400_000, '60 days ago'],
  [400 * 86_400_000, '13 months ago'],
  [4_666 * 86_400_000, '12 years ago'],
])('%d ms before now is %s', (before, text) => expect(agoOf(now - before, now)).toBe(text));

it.each([
  [0.4, '0 s'],
  [59, '59 s'],
  [3_599, '59 min'],
  [3_600, '1 h 0 min'],
  [90_000, '1 d 1 h'],
])('%d seconds are %s', (seconds, text) => expect(lengthText(seconds)).toBe(text));
