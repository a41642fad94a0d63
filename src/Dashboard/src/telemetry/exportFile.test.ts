import { expect, it } from 'vitest';
import { timeZone } from '@/shell/time';
import { exportQuery, nameOf } from './exportFile';

it.each([
  ['attachment; filename=a-b.csv', 'a-b.csv'],
  ['attachment; filename="a b.csv"', 'a b.csv'],
  ["attachment; filename=x.csv; filename*=UTF-8''%C3%BC.csv", 'ü.csv'],
  ['attachment', null],
  [null, null],
])('The file of %s is %s', (disposition, name) => expect(nameOf(disposition)).toBe(name));

it('asks a spreadsheet for the number that is shown and the times of the viewer, and another program for all as it is', () => {
  const zone = encodeURIComponent(timeZone);
  expect(exportQuery('csv', 'air.humidity')).toBe(`?tz=${zone}&field=air.humidity`);
  expect(exportQuery('csv', null)).toBe(`?tz=${zone}`);
  expect(exportQuery('ndjson', 'air.humidity')).toBe('');
});
