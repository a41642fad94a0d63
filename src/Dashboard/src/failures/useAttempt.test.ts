import { describe, expect, it } from 'vitest';
import { ApiFailure } from './apiFailure';
import { useAttempt } from './useAttempt';

describe('an attempt', () => {
  it('is busy until it has succeeded', async () => {
    const { isBusy, failure, attempt } = useAttempt();
    let finish = () => {};
    const done = attempt(() => new Promise((resolve) => (finish = resolve)));
    expect(isBusy.value).toBe(true);
    finish();
    expect(await done).toBe(true);
    expect([isBusy.value, failure.value]).toEqual([false, null]);
  });

  it('says why it failed until the next one', async () => {
    const { isBusy, failure, attempt } = useAttempt();
    expect(await attempt(() => Promise.reject(new ApiFailure(409, 'conflict', 'There is one.')))).toBe(false);
    expect([isBusy.value, failure.value?.message]).toEqual([false, 'There is one.']);
    const next = attempt(() => Promise.resolve());
    expect(failure.value).toBeNull();
    expect(await next).toBe(true);
  });
});
