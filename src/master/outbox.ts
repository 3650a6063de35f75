// The effects of the current step, and the functions by which all other files add to them.
import type { ToAgent } from '../model/agent-messages.ts';
import {
  type MasterResponse,
  type SchedulerEvent,
  SchedulerEvent_Type,
} from '../model/generated/messages.ts';
import type { RequestId } from '../model/ids.ts';
import type { Log, Stranger } from '../model/process-effects.ts';
import { auditEntry, type Disbelief, disbelief } from '../security/audit.ts';
import type { Action, AuthorizationObject } from '../security/authorizer.ts';
import type { Principal } from '../security/principal.ts';
import type { SendToAgent } from './effects.ts';
import { countEvent } from './metrics/counters.ts';
import type { Agent, Framework, MasterState } from './state.ts';
import type { MasterTimer } from './timers.ts';

export function reply(state: MasterState, request: RequestId, status: number, text?: string): void {
  state.effects.push(
    text === undefined
      ? { type: 'reply', request, status }
      : { type: 'reply', request, status, text },
  );
}

/** Answers with a message. */
export function respond(state: MasterState, request: RequestId, response: MasterResponse): void {
  state.effects.push({ type: 'respond', request, response });
}

/** To the framework's scheduler; nothing happens while it is not connected. */
export function sendToFramework(
  state: MasterState,
  framework: Framework,
  event: SchedulerEvent & { type: SchedulerEvent_Type },
): void {
  if (framework.connection === undefined) {
    return;
  }
  countEvent(framework.counters, event.type);
  state.effects.push({ type: 'sendToFramework', to: framework.connection, event });
}

export function sendError(state: MasterState, framework: Framework, message: string): void {
  sendToFramework(state, framework, { type: SchedulerEvent_Type.ERROR, error: { message } });
}

export function sendToAgent<Name extends keyof ToAgent>(
  state: MasterState,
  agent: Agent,
  name: Name,
  body: ToAgent[Name],
): void {
  sendToPid(state, agent.pid, name, body);
}

export function sendToPid<Name extends keyof ToAgent>(
  state: MasterState,
  to: string,
  name: Name,
  body: ToAgent[Name],
): void {
  const message = { name, body } as SendToAgent['message'];
  state.effects.push({ type: 'sendToAgent', to, message });
}

/** As `sendToPid`, by a process of the master's that has an id of its own. */
export function sendFrom<Name extends keyof ToAgent>(
  state: MasterState,
  from: string,
  to: string,
  ...[name, body]: [Name, ToAgent[Name]]
): void {
  const message = { name, body } as SendToAgent['message'];
  state.effects.push({ type: 'sendToAgent', from, to, message });
}

export function setTimer(state: MasterState, timer: MasterTimer, delayMs: number): void {
  state.effects.push({ type: 'setTimer', timer, delayMs });
}

export function clearTimer(state: MasterState, timer: MasterTimer): void {
  state.effects.push({ type: 'clearTimer', timer });
}

/**
 * Ends the master because it cannot go on: nothing else of this step leaves, and no later one is
 * taken, for it would announce what may not last.
 */
export function giveUp(state: MasterState, reason: string): void {
  state.failure ??= reason;
}

export function log(state: MasterState, level: Log['level'], text: string): void {
  state.effects.push({ type: 'log', level, text });
}

/** A warning that whoever sends messages can cause, as often as he likes. */
export function logStranger(
  state: MasterState,
  topic: Stranger['topic'],
  text: string,
  origin = state.asking?.origin ?? '',
): void {
  state.effects.push({ type: 'log', level: 'warn', text, stranger: { topic, origin } });
}

/** The question that every call passes before it touches state. The audit log has the answer. */
export function mayDo(
  state: MasterState,
  principal: Principal | undefined,
  action: Action,
  object?: AuthorizationObject,
): boolean {
  const { asking, options } = state;
  const { authorizer } = options;
  const allowed = authorizer.authorize(principal, action, object);
  if (options.isAudited && asking !== undefined) {
    const { call, origin } = asking;
    const entry = auditEntry(authorizer, { principal, call }, action, { object, allowed });
    state.effects.push({ type: 'audit', entry, origin });
  }
  return allowed;
}

/**
 * The question of a call that is about several roles. One that is about none is still nobody's who
 * may change no role.
 */
export const mayDoEach = (
  state: MasterState,
  principal: Principal | undefined,
  action: Action,
  about: readonly { readonly role: string }[],
): boolean =>
  about.length === 0
    ? mayDo(state, principal, action, {})
    : about.every(({ role }) => mayDo(state, principal, action, { value: role }));

/** Tells the audit log of a caller or sender that is not who it says. */
export function tellDisbelief(state: MasterState, told: Omit<Disbelief, 'call'>): void {
  const { asking, options } = state;
  if (options.isAudited && asking !== undefined) {
    state.effects.push({
      type: 'auditDisbelief',
      disbelief: disbelief({ ...told, call: asking.call }),
      origin: asking.origin,
    });
  }
}

export const nowNs = (state: MasterState) => BigInt(Math.round(state.nowMs)) * 1_000_000n;
