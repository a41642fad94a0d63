import { expect, it } from 'vitest';
import { Cursors } from './cursors';

const cursors = () =>
  new Cursors([
    ['b', 7],
    ['a', 0],
  ]);

it('Cursors are written in the order of the topics', () => {
  expect(`${cursors()}`).toBe('7,0');
  expect(cursors().topics).toEqual(['b', 'a']);
});

it('A reading moves the cursor of its topic and of no other', () => {
  const moved = cursors();
  expect(moved.advance('a', 3)).toBe(true);
  expect(`${moved}`).toBe('7,3');
});

it('A reading that comes again is known, and one of another topic is not taken', () => {
  const moved = cursors();
  expect(moved.advance('b', 7)).toBe(false);
  expect(moved.advance('b', 6)).toBe(false);
  expect(moved.advance('c', 1)).toBe(false);
  expect(`${moved}`).toBe('7,0');
});

it('What the server begins with counts, and what is no cursor of these topics does not', () => {
  const moved = cursors();
  moved.adopt('5,9');
  expect(`${moved}`).toBe('5,9');
  for (const text of ['1', '1,2,3', 'a,b', '-1,2', '1.5,2']) {
    moved.adopt(text);
    expect(`${moved}`).toBe('5,9');
  }
});
