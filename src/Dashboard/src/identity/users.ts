import type { Schemas } from '@/api';

export type User = Schemas['UserView'];

/** What each role lets somebody do. */
export const roleTexts = {
  viewer: 'sees devices, topics and readings',
  operator: 'registers and removes devices too',
  admin: 'manages users too',
} as const;

export type Role = keyof typeof roleTexts;

/** The roles that somebody has or that are less than those: who may administer may look. */
export function rolesWithin(roles: readonly string[]): Role[] {
  const all = Object.keys(roleTexts) as Role[];
  return all.slice(0, Math.max(...all.map((role, rank) => (roles.includes(role) ? rank + 1 : 0))));
}

/** The id in how a reading names a person who published it; null for a device. */
export const userOf = (publisher: string): string | null => /^users\/(.+)$/.exec(publisher)?.[1] ?? null;
