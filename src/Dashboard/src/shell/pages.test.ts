import { describe, expect, it } from 'vitest';
import { firstPlace, nextPlace, passedOf, previousPlace } from './pages';

describe('the pages of a list', () => {
  it('lead on and back the same way', () => {
    const second = nextPlace({ search: 'a' }, [], 'c2');
    const third = nextPlace(second.query, second.state.passed, 'c3');
    expect(third).toEqual({ query: { search: 'a', cursor: 'c3' }, state: { passed: ['', 'c2'] } });
    const back = previousPlace(third.query, third.state.passed);
    expect(back).toEqual(second);
    expect(previousPlace(second.query, second.state.passed)).toEqual(firstPlace({ search: 'a', cursor: 'c9' }));
  });

  it('have none before where a link has led to one', () => {
    expect(previousPlace({ cursor: 'c5' }, passedOf(null))).toBeNull();
    expect(passedOf({ passed: [1] })).toEqual([]);
    expect(passedOf({ position: 3 })).toEqual([]);
  });

  it('are remembered in a number that a browser keeps', () => {
    let place = firstPlace({});
    for (let i = 1; i <= 2_000; i++) {
      place = nextPlace(place.query, place.state.passed, `c${i}`);
    }

    expect(place.state.passed).toHaveLength(1_000);
    expect(previousPlace(place.query, place.state.passed)?.query['cursor']).toBe('c1999');
  });
});
