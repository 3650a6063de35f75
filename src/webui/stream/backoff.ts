// How long the page waits before it asks again for what it could not reach.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * Milliseconds before the next attempt, doubled each time and spread by up to a half, so that pages
 * do not all return to a master in one moment. `attempt` counts from 0; `random` is of 0 … 1.
 */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (1 - random / 2));
}
