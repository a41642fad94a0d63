import { describe, expect, it } from 'vitest';
import { routeLevels, topicOfLevels, topicPath } from './topicPath';

describe('a topic in an address', () => {
  it.each([
    ['devices/meter-7/temperature', 'devices/meter-7/temperature'],
    ['a b/ü?/50%', 'a%20b/%C3%BC%3F/50%25'],
    ['a/latest', 'a%2Flatest'],
    ['a/stream', 'a%2Fstream'],
    ['a/2026-01-01T00:00:00Z/2026-01-02T00:00:00Z', 'a%2F2026-01-01T00%3A00%3A00Z%2F2026-01-02T00%3A00%3A00Z'],
    ['a/../b', 'a%2F..%2Fb'],
    ['/a', '%2Fa'],
    ['latest/a', 'latest/a'],
  ])('%s is %s', (topic, path) => {
    expect(topicPath(topic)).toBe(path);
    // A browser takes out of an address what it thinks are steps; the topic has to survive that.
    const pathname = new URL(`/iot/${path}`, 'http://localhost').pathname.slice('/iot/'.length);
    expect(pathname.split('/').map(decodeURIComponent).join('/')).toBe(topic);
  });

  it.each(['devices/meter-7/temperature', 'a//b', 'a/./b', '/'])('%s survives the address of a page', (topic) => {
    const levels = routeLevels(topic);
    expect(levels.every((level) => level !== '' && level !== '.' && level !== '..')).toBe(true);
    expect(topicOfLevels(levels)).toBe(topic);
  });
});
