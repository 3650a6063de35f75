// The master's side of CRAM-MD5: agents, and frameworks that use libmesos's driver, prove who they
// are before they register. As in Mesos each attempt is a process of its own on both sides, and a
// pid is what is authenticated.
//
// Deliberately unlike Mesos, a process can authenticate pids of its own address only, only the
// process that began an attempt can go on with it, and how many may be under way has bounds. So has
// how many secrets may be tried: who has tried too many is told of an error, after which agents and
// drivers of Mesos try again, where a refusal would end them.
import type {
  AuthenticateMessage,
  AuthenticationStartMessage,
  AuthenticationStepMessage,
} from '../../model/generated/messages.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import {
  CRAM_MD5,
  challengeOf,
  judgeResponse,
  judgeStart,
  type Verdict,
} from '../../security/cram-md5.ts';
import type { AgentMessage } from '../events.ts';
import {
  clearTimer,
  log,
  logStranger,
  sendFrom,
  sendToPid,
  setTimer,
  tellDisbelief,
} from '../outbox.ts';
import type { MasterState } from '../state.ts';
import type { Handshake } from './attempts.ts';

/** Characters of a pid. */
const MAX_PID_LENGTH = 256;

export function authenticate(state: MasterState, peer: string, { pid }: AuthenticateMessage): void {
  state.counters.values.messages_authenticate++;
  const { attempts, processes } = state.authentication;
  const at = parsePid(peer);
  const wanted = parsePid(pid);
  const isLong = peer.length > MAX_PID_LENGTH || pid.length > MAX_PID_LENGTH;
  if (isLong || at === undefined || wanted === undefined || addressOf(at) !== addressOf(wanted)) {
    refuse(state, peer, 'A process can authenticate a pid of its own address only');
    return;
  }
  processes.remove(pid);
  const open = attempts.byPid.get(pid);
  if (open !== undefined) {
    end(state, open);
  }
  const inTheWay = attempts.inTheWay(at.host);
  if (inTheWay !== undefined) {
    makeRoom(state, inTheWay);
  }
  const id = `crammd5-authenticator-session(${state.authentication.next++})`;
  attempts.add({ id, peer, pid, challenge: undefined });
  setTimer(state, `authentication/${id}`, state.options.authenticationTimeoutMs);
  sendFrom(state, id, peer, 'AuthenticationMechanismsMessage', { mechanisms: [CRAM_MD5] });
}

function refuse(state: MasterState, peer: string, why: string): void {
  logStranger(
    state,
    'authentication',
    `Refusing to authenticate ${peer.slice(0, MAX_PID_LENGTH)}: ${why}`,
  );
  tellDisbelief(state, { why: `authentication: ${why}` });
  sendToPid(state, peer, 'AuthenticationErrorMessage', { error: why });
}

/** Ends an attempt for a newer one. The other side is told, for it may try again. */
function makeRoom(state: MasterState, handshake: Handshake): void {
  const { id, peer, pid } = handshake;
  const error = 'Too many processes are authenticating';
  end(state, handshake);
  logStranger(state, 'authentication', `Giving up an attempt of ${pid}: ${error}`);
  sendFrom(state, id, peer, 'AuthenticationErrorMessage', { error });
}

export function authenticationStarted(
  state: MasterState,
  event: AgentMessage,
  start: AuthenticationStartMessage,
): void {
  const handshake = handshakeOf(state, event);
  if (handshake === undefined) {
    return;
  }
  const { nonce } = event;
  if (handshake.challenge !== undefined || nonce === undefined) {
    const error = "Unexpected authentication 'start' received";
    take(state, handshake, { kind: 'error', error });
    return;
  }
  const challenge = challengeOf(nonce, state.nowMs, state.options.hostname);
  take(state, handshake, judgeStart(start, challenge));
}

export function authenticationStepped(
  state: MasterState,
  event: AgentMessage,
  { data }: AuthenticationStepMessage,
): void {
  const handshake = handshakeOf(state, event);
  if (handshake === undefined) {
    return;
  }
  const { challenge } = handshake;
  if (challenge === undefined) {
    const error = "Unexpected authentication 'step' received";
    take(state, handshake, { kind: 'error', error });
    return;
  }
  const { verifier } = state.options;
  const { guesses } = state.authentication;
  const address = parsePid(handshake.peer)?.host ?? '';
  const waitMs = (principal: string) => guesses.waitMs({ address, principal }, state.nowMs);
  const verdict = judgeResponse(challenge, data, { verifier, waitMs });
  if (verdict.kind === 'failed') {
    const principal = verifier.isKnown(verdict.principal) ? verdict.principal : '';
    // Whether it is the same secret as before cannot be seen of a digest.
    guesses.wrong({ address, principal }, undefined, state.nowMs);
  }
  take(state, handshake, verdict);
}

/** The attempt that a message is about; undefined where it has ended, or is another process's. */
function handshakeOf(state: MasterState, { from, to = '', message }: AgentMessage) {
  const handshake = state.authentication.attempts.byId.get(to);
  if (handshake?.peer === from) {
    return handshake;
  }
  log(state, 'debug', `Dropping ${message.name} of ${from}: it is authenticating nothing`);
  if (handshake !== undefined) {
    const why = 'sender: another process is authenticating';
    tellDisbelief(state, { object: { process: handshake.pid }, why });
  }
  return undefined;
}

/** Acts on a verdict, of which all but a challenge end the attempt. */
function take(state: MasterState, handshake: Handshake, verdict: Verdict): void {
  const { id, peer, pid } = handshake;
  if (verdict.kind === 'challenge') {
    handshake.challenge = verdict.challenge;
    const data = new TextEncoder().encode(verdict.challenge);
    sendFrom(state, id, peer, 'AuthenticationStepMessage', { data });
    return;
  }
  end(state, handshake);
  const noRoom =
    verdict.kind === 'authenticated'
      ? state.authentication.processes.roomError(parsePid(peer)?.host ?? '')
      : undefined;
  const outcome: Verdict = noRoom === undefined ? verdict : { kind: 'error', error: noRoom };
  switch (outcome.kind) {
    case 'authenticated':
      log(state, 'info', `Authenticated ${pid} as '${outcome.principal}'`);
      state.authentication.processes.add(pid, {
        principal: outcome.principal,
        challenge: outcome.challenge,
      });
      // The end of the connection is the end of what has been authenticated.
      state.effects.push({ type: 'link', address: pid.slice(pid.indexOf('@') + 1) });
      sendFrom(state, id, peer, 'AuthenticationCompletedMessage', {});
      return;
    case 'failed':
      logStranger(
        state,
        'authentication',
        `${pid} has not authenticated: no such principal, or another secret`,
      );
      tellDisbelief(state, {
        claimed: outcome.principal,
        object: { process: pid },
        why: 'authentication: no such principal, or another secret',
      });
      sendFrom(state, id, peer, 'AuthenticationFailedMessage', {});
      return;
    case 'error':
      logStranger(state, 'authentication', `${pid} has not authenticated: ${outcome.error}`);
      tellDisbelief(state, { object: { process: pid }, why: `authentication: ${outcome.error}` });
      sendFrom(state, id, peer, 'AuthenticationErrorMessage', { error: outcome.error });
      return;
    default:
      outcome satisfies never;
  }
}

/** The time of an attempt is over. As in Mesos the other side is not told, and tries again. */
export function authenticationTimedOut(state: MasterState, id: string): void {
  const handshake = state.authentication.attempts.byId.get(id);
  if (handshake !== undefined) {
    logStranger(
      state,
      'authentication',
      `${handshake.pid} has not authenticated in time`,
      handshake.peer,
    );
    end(state, handshake);
  }
}

function end(state: MasterState, handshake: Handshake): void {
  state.authentication.attempts.remove(handshake);
  clearTimer(state, `authentication/${handshake.id}`);
}
