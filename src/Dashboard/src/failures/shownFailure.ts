/**
 * What a page says of a question that failed. While it has nothing to show it says so at once, though it is asked again; one
 * stumble under something that is shown is not worth a word.
 */
export function shownFailure(error: unknown, reason: unknown, count: number, isKept: boolean): unknown {
  return error ?? (count > (isKept ? 1 : 0) ? (reason ?? null) : null);
}
