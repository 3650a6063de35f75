// Agents that want to register and may not: the log says why, and so are streams of the operator
// API told that ask for updates. Whoever reaches the master can pretend to be any number of agents,
// so few are kept, of one address fewer, and all of them are told of at once, at a pace.
import type { AgentInfo } from '../../model/generated/messages.ts';
import { publishAgentsRefused } from '../operators/subscribers.ts';
import { logStranger, setTimer } from '../outbox.ts';
import type { MasterState } from '../state.ts';
import type { MasterTimer } from '../timers.ts';
import { refusedAgentsView } from '../views/missing-agents.ts';

export const MAX_REFUSED_AGENTS = 100;
/** Of these, at one IP address. */
const MAX_OF_ADDRESS = 20;
/** Of each text that is kept. */
const MAX_CHARACTERS = 500;
/** Between two times that they are told of. */
const PAUSE_MS = 5_000;

const TIMER: MasterTimer = 'refused-agents';

export interface RefusedAgent {
  readonly hostname: string;
  readonly message: string;
  readonly origin: string;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly times: number;
}

/** What of an agent is refused, and why. */
interface Refusal {
  readonly pid: string;
  readonly info: AgentInfo;
  readonly message: string;
  /** For the log: before the message. */
  readonly says: string;
  readonly origin?: string;
}

export function refuseAgent(state: MasterState, refusal: Refusal): void {
  const { pid, info, message, says } = refusal;
  logStranger(state, 'registration', `${says}: ${message}`, refusal.origin);
  const { refused } = state.agents;
  const key = pid.slice(0, MAX_CHARACTERS);
  const origin = state.asking?.origin ?? '';
  const before = refused.get(key);
  if (before === undefined) {
    makeRoom(state, origin);
  }
  // The latest is the last: the one that has not tried for longest is forgotten first.
  refused.delete(key);
  refused.set(key, {
    hostname: info.hostname.slice(0, MAX_CHARACTERS),
    message: message.slice(0, MAX_CHARACTERS),
    origin,
    firstMs: before?.firstMs ?? state.nowMs,
    lastMs: state.nowMs,
    times: (before?.times ?? 0) + 1,
  });
  tellSoon(state);
}

function makeRoom({ agents: { refused } }: MasterState, origin: string): void {
  const there = [...refused].filter(([, each]) => each.origin === origin);
  const [oldest] = there;
  if (oldest !== undefined && there.length >= MAX_OF_ADDRESS) {
    refused.delete(oldest[0]);
  }
}

/** The agent has registered. */
export function forgetRefusal(state: MasterState, pid: string): void {
  if (state.agents.refused.delete(pid.slice(0, MAX_CHARACTERS))) {
    tellSoon(state);
  }
}

/** Without anybody to tell there is nothing to wait for. */
function tellSoon(state: MasterState): void {
  if (!state.agents.isTellingRefused && state.subscribers.size > 0) {
    state.agents.isTellingRefused = true;
    setTimer(state, TIMER, PAUSE_MS);
  }
}

export function refusedDue(state: MasterState): void {
  state.agents.isTellingRefused = false;
  publishAgentsRefused(state, refusedAgentsView(state));
}
