// Rounds of looks, and the pauses between them.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Rounds } from '../../src/containerizer/rounds.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a round begins an interval after the last one has ended, until they are closed', async () => {
  const look = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 30)));
  const rounds = new Rounds({ intervalMs: 100, look });
  rounds.start();
  rounds.start();
  await vi.advanceTimersByTimeAsync(99);
  expect(look).toHaveBeenCalledTimes(0);
  await vi.advanceTimersByTimeAsync(1);
  rounds.start();
  await vi.advanceTimersByTimeAsync(129);
  expect(look).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(look).toHaveBeenCalledTimes(2);
  rounds.close();
  rounds.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(2);
});

test('rounds without anything to look at end, and can be begun again', async () => {
  const look = vi.fn(async () => {});
  let hasMore = true;
  const rounds = new Rounds({ intervalMs: 100, look, hasMore: () => hasMore });
  rounds.start();
  await vi.advanceTimersByTimeAsync(200);
  hasMore = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(3);
  rounds.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(look).toHaveBeenCalledTimes(4);
});
