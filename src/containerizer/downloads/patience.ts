// When a server that is in trouble, or has too much to do, is asked again. Pure.
import type { IncomingHttpHeaders } from 'node:http';

export interface Patience {
  /** How often it is asked at most. */
  readonly tries: number;
  /** Before the second time; doubled before each further one. */
  readonly pauseMs: number;
}

/** Of servers that may be well soon, as `curl --retry` has them. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
/** One that wants to be left alone for longer is not asked again. */
const MOST_PAUSE_MS = 30_000;

/** Undefined: not at all. `tries`: how often it was asked. */
export function pauseBefore(
  answer: { readonly status: number; readonly headers: IncomingHttpHeaders },
  tries: number,
  patience: Patience,
  nowMs: number,
): number | undefined {
  const asked = askedMs(answer.headers['retry-after'], nowMs);
  const pauseMs = Math.max(asked, patience.pauseMs * 2 ** (tries - 1));
  const isOver = tries >= patience.tries || pauseMs > MOST_PAUSE_MS;
  return PASSING.has(answer.status) && !isOver ? pauseMs : undefined;
}

/** Seconds, or a date; 0 where it is neither. */
function askedMs(text: string | undefined, nowMs: number): number {
  if (text === undefined) {
    return 0;
  }
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}
