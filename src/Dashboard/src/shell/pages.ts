/** As many pages of a list as can be gone back through; each is a cursor in the state of the browser's history. */
const mostPassed = 1_000;

export interface Place {
  readonly query: Record<string, unknown>;
  readonly state: { readonly passed: string[] };
}

/** The cursors of the pages before this one, as the browser kept them; the first page has an empty one. */
export function passedOf(state: unknown): string[] {
  const passed = typeof state === 'object' && state !== null && 'passed' in state ? state.passed : null;
  return Array.isArray(passed) && passed.every((one) => typeof one === 'string') ? passed : [];
}

/** Where a list goes on. */
export function nextPlace(query: Record<string, unknown>, passed: readonly string[], next: string): Place {
  const cursor = query['cursor'];
  const here = typeof cursor === 'string' ? cursor : '';
  return { query: { ...query, cursor: next }, state: { passed: [...passed, here].slice(-mostPassed) } };
}

/** The page before, which is known by the way here only; null where a link or a new filter has led here. */
export function previousPlace(query: Record<string, unknown>, passed: readonly string[]): Place | null {
  const before = passed.at(-1);
  return before === undefined ? null : { query: at(query, before), state: { passed: passed.slice(0, -1) } };
}

export function firstPlace(query: Record<string, unknown>): Place {
  return { query: at(query, ''), state: { passed: [] } };
}

function at(query: Record<string, unknown>, cursor: string): Record<string, unknown> {
  const others = { ...query };
  delete others['cursor'];
  return cursor ? { ...others, cursor } : others;
}
