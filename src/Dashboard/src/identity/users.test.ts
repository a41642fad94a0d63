import { expect, it } from 'vitest';
import { rolesWithin } from './users';

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
