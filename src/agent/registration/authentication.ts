// How the agent authenticates with a master before it registers, where it has a credential: by
// CRAM-MD5. Each attempt is a process of its own, as in Mesos, so that no answer to an earlier one
// is taken for an answer to it.
//
// A master that refuses the credential ends the agent, as in Mesos. After any other failure the
// next attempt begins when the time of this one is over; Mesos's begins at once, and without end.
import type {
  AuthenticationErrorMessage,
  AuthenticationMechanismsMessage,
  AuthenticationStepMessage,
} from '../../model/generated/messages.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import { tellOtherMaster } from '../authorization.ts';
import type { SendToMaster } from '../effects.ts';
import type { MasterMessage } from '../events.ts';
import { clearTimer, emitPresence, giveUp, log, setTimer } from '../outbox.ts';
import type { AgentState } from '../state.ts';

/** What the agent expects next: mechanisms, a challenge, or the outcome. */
type Awaited = 'mechanisms' | 'challenge' | 'outcome';

export interface Attempt {
  /** The id of the agent's process for it. */
  readonly id: string;
  awaited: Awaited;
  /** The pid of the master's process for it, once it is known. */
  session: string | undefined;
  /** What it has asked the agent to compute a digest of. */
  challenge: string | undefined;
}

export interface Authentication {
  /** The attempt under way. */
  attempt: Attempt | undefined;
  isDone: boolean;
  /** The challenge by which the agent has authenticated with this master. */
  challenge: string | undefined;
  /** Attempts with this master that have failed. */
  failures: number;
  /** Number of the next attempt. */
  next: number;
}

/** Failures after which the time of attempts grows no more. */
const MAX_DOUBLINGS = 20;

/** Whether the agent has to authenticate before it can register. */
export const mustAuthenticate = ({ options, authentication }: AgentState) =>
  options.prover !== undefined && !authentication.isDone;

/** What has been proved is void: another master leads, or a connection is lost. */
export function forgetAuthentication(agent: AgentState): void {
  if (agent.options.prover !== undefined) {
    agent.authentication.attempt = undefined;
    agent.authentication.isDone = false;
    agent.authentication.challenge = undefined;
    clearTimer(agent, 'authentication');
  }
}

/** Begins an attempt, which has a random time: thousands of agents do not begin again at once. */
export function authenticate(agent: AgentState): void {
  const { authentication, options } = agent;
  const id = `${PREFIX}${authentication.next++})`;
  authentication.attempt = { id, awaited: 'mechanisms', session: undefined, challenge: undefined };
  const { authenticationTimeoutMinMs: min, authenticationTimeoutMaxMs: max } = options;
  const spread = options.authenticationBackoffFactorMs * 2 * 2 ** authentication.failures;
  const longest = Math.max(min, Math.min(min + spread, max));
  authentication.failures = Math.min(authentication.failures + 1, MAX_DOUBLINGS);
  setTimer(agent, 'authentication', Math.floor(min + agent.random.next() * (longest - min)));
  if (agent.master !== undefined) {
    say(agent, agent.master, { name: 'AuthenticateMessage', body: { pid: options.pid } });
  }
}

function say(agent: AgentState, to: string, message: SendToMaster['message']): void {
  const from = agent.authentication.attempt?.id;
  if (from !== undefined) {
    emitPresence(agent, { type: 'sendToMaster', from, to, message });
  }
}

const PREFIX = 'crammd5-authenticatee(';

/** Whether a message to this process is about an attempt to authenticate. */
export const isAttempt = (to: string | undefined) => to?.startsWith(PREFIX) === true;

/**
 * Takes a message about the attempt under way. True when the master has accepted the credential,
 * and the agent can register.
 */
export function authenticationSaid(agent: AgentState, event: MasterMessage): boolean {
  const { from, to, message } = event;
  const { attempt } = agent.authentication;
  const isOfMaster = addressIn(from) === agent.masterAddress;
  const isOfSession = attempt?.session === undefined || attempt.session === from;
  if (!isOfMaster) {
    tellOtherMaster(agent, event);
  }
  if (attempt === undefined || attempt.id !== to || !isOfMaster || !isOfSession) {
    log(
      agent,
      'debug',
      `Ignoring ${message.name} of ${from}: it is about no attempt of this agent`,
    );
    return false;
  }
  switch (message.name) {
    case 'AuthenticationMechanismsMessage':
      start(agent, attempt, from, message.body);
      return false;
    case 'AuthenticationStepMessage':
      respond(agent, attempt, message.body);
      return false;
    case 'AuthenticationCompletedMessage':
      return isAccepted(agent, attempt);
    case 'AuthenticationFailedMessage':
      giveUp(
        agent,
        `Master ${agent.master} refused authentication: ` +
          'its --credentials have no such principal as that of --credential, or another secret',
      );
      return false;
    case 'AuthenticationErrorMessage':
      fail(agent, reasonIn(message.body));
      return false;
    default:
      log(agent, 'debug', `Ignoring ${message.name}: it is not about authentication`);
      return false;
  }
}

const addressIn = (pid: string) => {
  const parsed = parsePid(pid);
  return parsed && addressOf(parsed);
};

function start(
  agent: AgentState,
  attempt: Attempt,
  session: string,
  { mechanisms = [] }: AuthenticationMechanismsMessage,
): void {
  const mechanism = agent.options.prover?.mechanism ?? '';
  if (attempt.awaited !== 'mechanisms') {
    fail(agent, 'it has sent mechanisms twice');
  } else if (!mechanisms.includes(mechanism)) {
    fail(agent, `it does not know ${mechanism}`);
  } else {
    attempt.session = session;
    attempt.awaited = 'challenge';
    const body = { mechanism, data: new Uint8Array() };
    say(agent, session, { name: 'AuthenticationStartMessage', body });
  }
}

function respond(agent: AgentState, attempt: Attempt, { data }: AuthenticationStepMessage): void {
  const { session } = attempt;
  if (attempt.awaited !== 'challenge' || session === undefined) {
    fail(agent, 'it has sent a challenge that was not asked for');
    return;
  }
  const response = agent.options.prover?.responseTo(data);
  if (response === undefined) {
    fail(agent, `its challenge has ${data.length} bytes`);
    return;
  }
  attempt.awaited = 'outcome';
  attempt.challenge = new TextDecoder().decode(data);
  say(agent, session, { name: 'AuthenticationStepMessage', body: { data: response } });
}

function isAccepted(agent: AgentState, { awaited, challenge }: Attempt): boolean {
  if (awaited !== 'outcome') {
    fail(agent, 'it has accepted what was not said yet');
    return false;
  }
  log(agent, 'info', `Authenticated with master ${agent.master}`);
  forgetAuthentication(agent);
  agent.authentication.isDone = true;
  agent.authentication.challenge = challenge;
  agent.authentication.failures = 0;
  return true;
}

/** The attempt comes to nothing; the next one begins when its time is over. */
function fail(agent: AgentState, why: string): void {
  log(agent, 'error', `Authentication with master ${agent.master} failed: ${why}`);
  agent.authentication.attempt = undefined;
}

const MAX_SHOWN = 500;

const reasonIn = ({ error }: AuthenticationErrorMessage) =>
  error === undefined ? 'it gives no reason' : error.slice(0, MAX_SHOWN);

/** The time of an attempt is over: the next one may begin. */
export function attemptTimedOut(agent: AgentState): void {
  const { authentication, master } = agent;
  if (authentication.attempt !== undefined) {
    log(agent, 'warn', `Master ${master} has not completed the authentication in time`);
    authentication.attempt = undefined;
  }
}
