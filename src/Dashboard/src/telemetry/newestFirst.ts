import type { Reading } from './history';

/** The newest first, as the API's `order=desc` has it: by when it was measured, then by its number. */
const isBefore = (one: Reading, other: Reading): number =>
  Date.parse(other.date) - Date.parse(one.date) || other.seq - one.seq;

/**
 * The rows of a list of which pages were read, and of what has come since. What is in both is there once; what belongs on
 * a page that was not read yet comes with that page.
 */
export function newestFirst(read: readonly Reading[], arrived: readonly Reading[], isAll: boolean): Reading[] {
  const known = new Set(read.map(({ seq }) => seq));
  const last = read.at(-1);
  const more = arrived.filter((one) => !known.has(one.seq) && (isAll || !last || isBefore(one, last) < 0));
  return more.length === 0 ? [...read] : [...read, ...more].sort(isBefore);
}
