import { api, dataOf, type Schemas } from '@/api';

export type Fleet = Schemas['FleetView'];

export function fetchFleet(signal?: AbortSignal): Promise<Fleet> {
  return dataOf(api.GET('/fleet', { signal: signal ?? null }));
}

/** Why a device needs attention, in words. */
export const reasonTexts: Readonly<Record<string, string>> = {
  silent: 'Silent',
  refusing: 'Refused messages',
  never_connected: 'Never connected',
};

/** What is shown of a fleet's devices by state: parts of a whole, none of which is so small that it cannot be seen. */
export function sharesOf(counts: readonly number[], least = 0.012): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    return counts.map(() => 0);
  }

  const raised = counts.map((count) => (count === 0 ? 0 : Math.max(count / total, least)));
  const sum = raised.reduce((all, share) => all + share, 0);
  return raised.map((share) => share / sum);
}
