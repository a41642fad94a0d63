import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { effectScope, nextTick, shallowRef } from 'vue';
import { ApiFailure, unreachable } from './apiFailure';
import { useAgain } from './useAgain';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function scene() {
  const failure = shallowRef<ApiFailure | null>(null);
  const work = vi.fn();
  const scope = effectScope();
  scope.run(() => useAgain(failure, work));
  return { failure, work, scope };
}

it('tries again until it succeeds', async () => {
  const { failure, work } = scene();
  for (let times = 1; times <= 3; times++) {
    failure.value = unreachable();
    await nextTick();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(work).toHaveBeenCalledTimes(times);
  }

  failure.value = null;
  await nextTick();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(work).toHaveBeenCalledTimes(3);
});

it('waits for as long as the server asks for', async () => {
  const { failure, work } = scene();
  failure.value = new ApiFailure(503, 'unavailable', 'Later.', 10_000);
  await nextTick();
  await vi.advanceTimersByTimeAsync(9_000);
  expect(work).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(work).toHaveBeenCalledOnce();
});

it('does not ask again what was refused, nor for a page that is left', async () => {
  const { failure, work, scope } = scene();
  failure.value = new ApiFailure(403, 'forbidden', 'No.');
  await nextTick();
  await vi.advanceTimersByTimeAsync(60_000);
  failure.value = unreachable();
  await nextTick();
  scope.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(work).not.toHaveBeenCalled();
});
