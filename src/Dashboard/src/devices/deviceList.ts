import { api, dataOf, type Schemas } from '@/api';

export type Device = Schemas['DeviceView'];
export type DevicePage = Schemas['DevicePage'];

export const deviceStates = ['connected', 'away', 'never'] as const;
export type DeviceState = (typeof deviceStates)[number];

export const deviceSorts = {
  id: 'Id',
  name: 'Name',
  last_seen: 'Last seen',
  readings: 'Readings',
  refusals: 'Refusals',
} as const;

export type DeviceSort = keyof typeof deviceSorts;

/** What the list of devices is asked; the address of the page says it too. */
export interface DeviceQuery {
  readonly search: string;
  readonly state: DeviceState | null;
  readonly sort: DeviceSort;
  readonly order: 'asc' | 'desc';
  readonly cursor: string | null;
}

export const pageOfDevices = 50;

/** Where it leaves nothing to say, the first thing in which somebody is interested: names from a, numbers from the greatest. */
export const usualOrder = (sort: DeviceSort): 'asc' | 'desc' => (sort === 'id' || sort === 'name' ? 'asc' : 'desc');

export function stateOf(device: Pick<Device, 'connected' | 'last_seen'>): DeviceState {
  return device.connected ? 'connected' : device.last_seen === null ? 'never' : 'away';
}

export function fromQuery(query: Readonly<Record<string, unknown>>): DeviceQuery {
  const { search, state, sort, order, cursor } = query;
  const sorted = typeof sort === 'string' && Object.hasOwn(deviceSorts, sort) ? (sort as DeviceSort) : 'id';
  return {
    search: typeof search === 'string' ? search.slice(0, 200) : '',
    state: deviceStates.find((one) => one === state) ?? null,
    sort: sorted,
    order: order === 'asc' || order === 'desc' ? order : usualOrder(sorted),
    cursor: typeof cursor === 'string' && cursor ? cursor : null,
  };
}

export function toQuery(query: DeviceQuery): Record<string, string> {
  return {
    ...(query.search ? { search: query.search } : {}),
    ...(query.state ? { state: query.state } : {}),
    ...(query.sort === 'id' ? {} : { sort: query.sort }),
    ...(query.order === usualOrder(query.sort) ? {} : { order: query.order }),
    ...(query.cursor ? { cursor: query.cursor } : {}),
  };
}

export function fetchDevices(query: DeviceQuery, signal?: AbortSignal): Promise<DevicePage> {
  return dataOf(
    api.GET('/devices', {
      params: {
        query: {
          search: query.search || undefined,
          state: query.state ?? undefined,
          sort: query.sort,
          order: query.order,
          limit: pageOfDevices,
          cursor: query.cursor ?? undefined,
        },
      },
      signal: signal ?? null,
    }),
  );
}

export function fetchDevice(id: string, signal?: AbortSignal): Promise<Device> {
  return dataOf(api.GET('/devices/{id}', { params: { path: { id } }, signal: signal ?? null }));
}
