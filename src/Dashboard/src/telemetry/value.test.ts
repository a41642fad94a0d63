import { describe, expect, it } from 'vitest';
import { measuresOf, numberFields, numberIn, textOf, unitOf } from './value';

describe('the number of a payload', () => {
  it.each([
    [21.5, null, 21.5],
    [{ value: 21.5, unit: '°C' }, null, 21.5],
    [{ a: { b: 3 } }, 'a.b', 3],
    [{ value: 'warm' }, null, null],
    [{ a: [1] }, 'a.0', null],
    ['21.5', null, null],
    [null, null, null],
    [{}, 'toString', null],
    [JSON.parse('1e999'), null, null],
  ])('%j, field %s: %s', (payload, field, number) => expect(numberIn(payload, field)).toBe(number));
});

describe('the fields of a payload', () => {
  it.each([
    [21.5, [null]],
    [{ value: 1, rssi: -97 }, [null, 'rssi']],
    [{ temperature: 1, air: { humidity: 2, note: 'dry' }, list: [1] }, ['temperature', 'air.humidity']],
    ['text', []],
    [null, []],
  ])('%j: %j', (payload, fields) => expect(numberFields(payload)).toEqual(fields));
});

describe('the unit', () => {
  it.each([
    [{ value: 1, unit: 'kWh' }, 'energy', 'kWh'],
    [{ v: 1, u: 'Cel' }, 'v', 'Cel'],
    [1, 'devices/meter-7/litres', 'l'],
    [1, 'air.temperature_celsius', '°C'],
    [1, 'devices/meter-7/temperature', ''],
    [{ value: 1, unit: 'a novel that somebody wrote' }, 'x', ''],
  ])('of %j in %s is %s', (payload, name, unit) => expect(unitOf(payload, name)).toBe(unit));
});

describe('the numbers of a payload', () => {
  it.each([
    [21.5, [['', 21.5, 'l']]],
    [
      { value: 21.5, unit: '°C', rssi_dbm: -97 },
      [
        ['', 21.5, '°C'],
        ['rssi_dbm', -97, 'dBm'],
      ],
    ],
    [
      { temperature: 21.5, humidity: 44, unit: '°C' },
      [
        ['temperature', 21.5, ''],
        ['humidity', 44, ''],
      ],
    ],
    ['on', []],
  ])('%j: %j', (payload, numbers) =>
    expect(measuresOf(payload, 'tank/litres').map(({ name, number, unit }) => [name, number, unit])).toEqual(numbers),
  );
});

it('A payload is one line', () => {
  expect([textOf('on'), textOf(1.5), textOf({ a: [1, null] }), textOf(undefined)]).toEqual([
    'on',
    '1.5',
    '{"a":[1,null]}',
    '',
  ]);
});
