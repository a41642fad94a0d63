import { expect, it } from 'vitest';
import { nameOf } from './exportFile';

it.each([
  ['attachment; filename=a-b.csv', 'a-b.csv'],
  ['attachment; filename="a b.csv"', 'a b.csv'],
  ["attachment; filename=x.csv; filename*=UTF-8''%C3%BC.csv", 'ü.csv'],
  ['attachment', null],
  [null, null],
])('The file of %s is %s', (disposition, name) => expect(nameOf(disposition)).toBe(name));
