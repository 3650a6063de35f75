// Moments in messages.
import type { TimeInfo } from './generated/messages.ts';

/** A moment in milliseconds since 1970, as a message. */
export const timeOf = (ms: number): TimeInfo => ({
  nanoseconds: BigInt(Math.round(ms)) * 1_000_000n,
});
