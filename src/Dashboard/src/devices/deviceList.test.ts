import { describe, expect, it } from 'vitest';
import { fromQuery, stateOf, toQuery, type DeviceQuery } from './deviceList';

const plain: DeviceQuery = { search: '', state: null, sort: 'id', order: 'asc', cursor: null };

describe('the address of the list', () => {
  it.each<DeviceQuery>([
    plain,
    { search: 'meter 7', state: 'away', sort: 'last_seen', order: 'desc', cursor: 'abc' },
    { ...plain, sort: 'readings', order: 'asc' },
    { ...plain, order: 'desc' },
  ])('says what is shown: %o', (query) => expect(fromQuery(toQuery(query))).toEqual(query));

  it('leaves out what is usual', () =>
    expect(toQuery({ ...plain, sort: 'readings', order: 'desc' })).toEqual({ sort: 'readings' }));

  it('may be nonsense', () => {
    expect(fromQuery({ state: 'lost', sort: 'toString', order: 'up', cursor: ['a'], search: null })).toEqual(plain);
  });
});

it('A device is connected, away, or was never there', () => {
  expect(stateOf({ connected: true, last_seen: '2026-03-01T00:00:00Z' })).toBe('connected');
  expect(stateOf({ connected: false, last_seen: '2026-03-01T00:00:00Z' })).toBe('away');
  expect(stateOf({ connected: false, last_seen: null })).toBe('never');
});
