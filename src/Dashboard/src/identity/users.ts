import type { Schemas } from '@/api';

export type User = Schemas['UserView'];

/** What each role lets somebody do. */
export const roleTexts = {
  viewer: 'sees devices, topics and readings',
  operator: 'registers and removes devices too',
  admin: 'manages users too',
} as const;
