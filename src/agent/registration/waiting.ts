// The log of an agent that is not registered: which master it tries, what failed, and for how long
// it has tried. The lines come soon at first, then less and less often.
import { formatDuration } from '../../model/duration.ts';
import { log } from '../outbox.ts';
import type { AgentState } from '../state.ts';

export interface Waiting {
  readonly sinceMs: number;
  nextMs: number;
  /** The pause after the next line. */
  pauseMs: number;
  /** Why the connection of the last attempt failed; undefined: it has not. */
  trouble: string | undefined;
  hasSpoken: boolean;
}

const FIRST_PAUSE_MS = 10_000;
const MAX_PAUSE_MS = 10 * 60_000;

/** Begins to count the time without registration, unless it has begun. */
export function beginWaiting(agent: AgentState): void {
  const sinceMs = agent.nowMs;
  agent.waiting ??= {
    sinceMs,
    nextMs: sinceMs + FIRST_PAUSE_MS,
    pauseMs: FIRST_PAUSE_MS,
    trouble: undefined,
    hasSpoken: false,
  };
}

export function endWaiting(agent: AgentState): void {
  agent.waiting = undefined;
}

/** Notes why a connection could not be made, or broke; the first time it is logged at once. */
export function explainTrouble(agent: AgentState, trouble: string): void {
  beginWaiting(agent);
  const { waiting } = agent;
  if (waiting !== undefined) {
    if (!waiting.hasSpoken) {
      waiting.nextMs = agent.nowMs;
    }
    waiting.trouble = trouble;
    speak(agent, waiting);
  }
}

/** Logs the wait for the registration, if a line is due; called before every attempt. */
export function explainWaiting(agent: AgentState): void {
  const { waiting } = agent;
  if (waiting !== undefined) {
    speak(agent, waiting);
    waiting.trouble = undefined;
  }
}

function speak(agent: AgentState, waiting: Waiting): void {
  if (agent.nowMs < waiting.nextMs) {
    return;
  }
  waiting.hasSpoken = true;
  waiting.nextMs = agent.nowMs + waiting.pauseMs;
  waiting.pauseMs = Math.min(waiting.pauseMs * 2, MAX_PAUSE_MS);
  const why =
    waiting.trouble === undefined
      ? 'it gives no answer (its log may say why it refuses this agent)'
      : `no connection (${waiting.trouble})`;
  log(
    agent,
    'warn',
    `Not registered with ${agent.master}${since(agent, waiting)}: ${why}. Trying on`,
  );
}

/** The time since then, in whole seconds, minutes or hours. */
function since({ nowMs }: AgentState, { sinceMs }: Waiting): string {
  const ms = nowMs - sinceMs;
  const unit = ms < 120_000 ? 1_000 : ms < 7_200_000 ? 60_000 : 3_600_000;
  const whole = Math.floor(ms / unit) * unit;
  return whole === 0 ? '' : ` for ${formatDuration(whole)}`;
}
