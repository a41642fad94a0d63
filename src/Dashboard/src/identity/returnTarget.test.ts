import { expect, it } from 'vitest';
import { returnTarget } from './returnTarget';

it.each(['/devices?state=away', '/topics/devices/meter-7/temperature?range=7d', '/'])(
  'One may return to %s',
  (target) => {
    expect(returnTarget(target)).toBe(target);
  },
);

it.each([
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/login?return=/',
  '',
  undefined,
  ['/'],
])('One may not return to %s', (target) => {
  expect(returnTarget(target)).toBe('/');
});
