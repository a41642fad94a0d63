import { api, type Schemas } from '@/api';

/** Makes a user of somebody who has no token yet. */
export async function register(body: Schemas['Registration']): Promise<void> {
  await api.POST('/auth/register', { body });
}
