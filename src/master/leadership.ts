// Whether this master leads. A master that does not lead changes nothing, and answers every request
// with where the leader is. A master that leads no more ends itself, as in Apache Mesos: another
// master decides by now.
import { addressOf, parsePid } from '../model/pid.ts';
import type { AgentMessage, LeaderChanged, LeadershipLost } from './events.ts';
import { giveUp, log } from './outbox.ts';
import type { MasterState } from './state.ts';

/** How an agent begins with a master that does not know it yet. */
export const FIRST_MESSAGES: ReadonlySet<AgentMessage['message']['name']> = new Set([
  'AuthenticateMessage',
  'RegisterAgentMessage',
  'ReregisterAgentMessage',
]);

/** The least time between two log lines about agents that ask the wrong master. */
const SAY_AGAIN_MS = 60_000;

export const leads = ({ leader }: MasterState) => leader.kind === 'self';

export function elected(state: MasterState): void {
  if (!leads(state)) {
    const { ip, port } = state.options;
    state.leader = { kind: 'self', address: `${ip}:${port}` };
    log(state, 'info', 'Elected as the leading master');
    state.effects.push({ type: 'readRegistry' });
  }
}

export function leaderChanged(state: MasterState, { leader }: LeaderChanged): void {
  if (leads(state)) {
    return;
  }
  const pid = leader === undefined ? undefined : parsePid(leader.pid);
  // The detector may name this master as the leader before the `elected` event has come.
  const isOther = pid !== undefined && leader?.pid !== state.info.pid;
  state.leader = isOther ? { kind: 'other', address: addressOf(pid) } : { kind: 'none' };
  if (pid === undefined || isOther) {
    log(state, 'info', `The leading master is ${isOther ? leader?.pid : 'not known'}`);
  } else {
    log(
      state,
      'info',
      `The leading master has the address of this one, ${leader?.pid}, which was not elected: ` +
        'it is this one as it was before it was started anew, or another with the same address',
    );
  }
}

export function leadershipLost(state: MasterState, { reason }: LeadershipLost): void {
  if (leads(state)) {
    giveUp(state, `Lost leadership: ${reason}`);
  }
}

/**
 * An agent whose --master is the address of one of several masters asks that one for ever. It can
 * be told nothing, but its operator reads here what is wrong.
 */
export function sendToLeader(state: MasterState, { from, message }: AgentMessage): void {
  const isDue = Math.abs(state.nowMs - state.sentAwayMs) >= SAY_AGAIN_MS;
  if (isDue && FIRST_MESSAGES.has(message.name) && state.leader.kind === 'other') {
    state.sentAwayMs = state.nowMs;
    log(
      state,
      'warn',
      `Dropping ${message.name} of ${from}: the master at ${state.leader.address} leads. ` +
        'The --master of an agent is the zk:// URL of all masters, not the address of one',
    );
  }
}
