// Delays as timers accept them: whole milliseconds, at most 24.8 days.

const LONGEST_MS = 2 ** 31 - 1;

/** A longer delay is cut to the longest that timers accept: with more they would fire at once. */
export const timerDelay = (ms: number) => Math.ceil(Math.min(Math.max(0, ms), LONGEST_MS));
