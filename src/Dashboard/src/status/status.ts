import { api, dataOf, type Schemas } from '@/api';

export type Status = Schemas['StatusView'];
export type Process = Status['processes'][number];
export type Sample = Process['samples'][number];

export function fetchStatus(signal?: AbortSignal): Promise<Status> {
  return dataOf(api.GET('/status', { signal: signal ?? null }));
}
