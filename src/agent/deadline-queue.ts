// Many deadlines of one length behind a single timer. Being of one length, they expire in the order
// in which they began, and an entry that no longer matters is skipped when its time comes. So a
// deadline costs a few words of memory and no timer of its own.
import { setTimer } from './outbox.ts';
import type { AgentState } from './state.ts';
import type { AgentTimer } from './timers.ts';

export interface Deadlines<Item> {
  readonly timer: AgentTimer;
  readonly delayMs: number;
  entries: { readonly atMs: number; readonly item: Item }[];
  /** Index of the oldest entry: what is before it has expired. */
  first: number;
  armed: boolean;
}

export const createDeadlines = <Item>(timer: AgentTimer, delayMs: number): Deadlines<Item> => ({
  timer,
  delayMs,
  entries: [],
  first: 0,
  armed: false,
});

export function addDeadline<Item>(agent: AgentState, deadlines: Deadlines<Item>, item: Item): void {
  deadlines.entries.push({ atMs: agent.nowMs + deadlines.delayMs, item });
  if (!deadlines.armed) {
    deadlines.armed = true;
    setTimer(agent, deadlines.timer, deadlines.delayMs);
  }
}

/** Takes the expired entries out; `matters` tells for which entries the timer has to go on. */
export function takeExpired<Item>(
  agent: AgentState,
  deadlines: Deadlines<Item>,
  matters: (item: Item) => boolean,
): Item[] {
  const expired: Item[] = [];
  let next: number | undefined;
  while (next === undefined && deadlines.first < deadlines.entries.length) {
    const entry = deadlines.entries[deadlines.first];
    if (entry !== undefined && matters(entry.item)) {
      if (entry.atMs > agent.nowMs) {
        next = entry.atMs;
        break;
      }
      expired.push(entry.item);
    }
    deadlines.first++;
  }
  deadlines.entries = deadlines.entries.slice(deadlines.first);
  deadlines.first = 0;
  deadlines.armed = next !== undefined;
  if (next !== undefined) {
    setTimer(agent, deadlines.timer, next - agent.nowMs);
  }
  return expired;
}
