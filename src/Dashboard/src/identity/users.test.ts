import { expect, it } from 'vitest';
import { rolesWithin, userOf } from './users';

it.each([
  [['admin'], ['viewer', 'operator', 'admin']],
  [['operator'], ['viewer', 'operator']],
  [
    ['viewer', 'operator'],
    ['viewer', 'operator'],
  ],
  [['viewer'], ['viewer']],
  [[], []],
])('Within %j are %j', (roles, within) => expect(rolesWithin(roles)).toEqual(within));

it.each([
  ['users/01a2290c', '01a2290c'],
  ['meter-7', null],
  ['users', null],
])('%s is the user %s', (publisher, id) => expect(userOf(publisher)).toBe(id));
