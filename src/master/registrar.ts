// Durable changes. Nothing that depends on a change is announced before the registry holds it: what
// the master goes on with waits here as a continuation, under the number of its transaction. A full
// disk can delay the registry for long, so the number of waiting continuations is bounded.
import type { AgentInfo } from '../model/generated/messages.ts';
import { messageSize } from '../model/message-size.ts';
import type { RegistryChange } from '../model/registry.ts';
import type { Continuation, SettingContinuation } from './continuation.ts';
import type { OperatorCalled, RegistryLost, Stored } from './events.ts';
import { giveUp, logStranger, reply } from './outbox.ts';
import type { MasterState } from './state.ts';

/**
 * What may wait for the registry: changes, and calls that wait for their turn to make one. At the
 * bound calls are answered 503, and registrations of agents are dropped: agents repeat them.
 * Changes that the master itself decides on are always taken, for there is at most one an agent.
 */
export const MAX_WAITING = 16_384;
const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/**
 * A registration that has waited this long is dropped: the agent may have restarted since, and
 * registers again.
 */
const STALE_MS = 30_000;

interface Write {
  readonly sinceMs: number;
  readonly bytes: number;
  /** True for a setting, which is rewritten as a whole. */
  readonly isSetting: boolean;
  readonly continuation: Continuation;
}

/** A call that rewrites a setting, and waits until no other is being written. */
interface WaitingCall {
  readonly bytes: number;
  readonly call: OperatorCalled;
}

/** What waits for the registry. */
export interface Waiting {
  /** By transaction. */
  readonly writes: Map<number, Write>;
  /**
   * Index of `writes`: by type of the continuation, the agents (or pids of new ones) that it is
   * about.
   */
  readonly subjects: Map<Continuation['type'], Set<string>>;
  /**
   * Calls in the order of their turns: each starts from the setting that the call before it leaves.
   */
  readonly calls: WaitingCall[];
  /** How many of `writes` are settings. */
  settings: number;
  bytes: number;
}

export const nothingWaits = (): Waiting => ({
  writes: new Map(),
  subjects: new Map(),
  calls: [],
  settings: 0,
  bytes: 0,
});

export const waitingCount = ({ waiting }: MasterState) =>
  waiting.writes.size + waiting.calls.length;

/** What a call is answered when no more may wait; undefined while more may. */
export function waitingError(state: MasterState): string | undefined {
  const count = waitingCount(state);
  return count >= MAX_WAITING || state.waiting.bytes >= MAX_WAITING_BYTES
    ? `The registry cannot be written at present, and ${count} changes wait for it already`
    : undefined;
}

/**
 * True while a change is being stored after which this continuation of the agent (a new one: its
 * pid) is taken.
 */
export const isStoring = (
  { waiting }: MasterState,
  type: Continuation['type'],
  subject = NO_SUBJECT,
): boolean => waiting.subjects.get(type)?.has(subject) === true;

const NO_SUBJECT = '';

function subjectOf(continuation: Continuation): string {
  if (continuation.type === 'agentAdmitted') {
    return continuation.pid;
  }
  return 'id' in continuation ? continuation.id : NO_SUBJECT;
}

/**
 * Stores the changes, all or none; the master goes on with the continuation when the registry holds
 * them.
 */
export function store(
  state: MasterState,
  changes: readonly RegistryChange[],
  continuation: Continuation,
): void {
  write(state, changes, continuation, false);
}

/**
 * Stores a setting, which is rewritten as a whole (a list, the duty of an agent): one is written at
 * a time.
 */
export function storeSetting(
  state: MasterState,
  change: RegistryChange,
  continuation: SettingContinuation,
): void {
  const most = state.options.registrySettingBytes;
  if (most !== undefined && 'request' in continuation && messageSize(change, most) > most) {
    const what = `The registry can hold ${most} bytes of a setting, and this one would have more`;
    reply(state, continuation.request, 400, what);
    return;
  }
  state.waiting.settings++;
  write(state, [change], continuation, true);
}

/** Why an agent cannot be in the registry; undefined where it can. */
export function agentSizeError(state: MasterState, agent: AgentInfo): string | undefined {
  const most = state.options.registryAgentBytes;
  return most !== undefined && messageSize(agent, most) > most
    ? `the registry can hold ${most} bytes of an agent, and its AgentInfo has more`
    : undefined;
}

function write(
  state: MasterState,
  changes: readonly RegistryChange[],
  continuation: Continuation,
  isSetting: boolean,
): void {
  const { waiting } = state;
  const transaction = state.nextWrite++;
  const bytes = sizeOf(changes) + sizeOf(continuation);
  waiting.writes.set(transaction, { sinceMs: state.nowMs, bytes, isSetting, continuation });
  waiting.bytes += bytes;
  const subjects = waiting.subjects.get(continuation.type) ?? new Set();
  waiting.subjects.set(continuation.type, subjects.add(subjectOf(continuation)));
  state.effects.push({
    type: 'store',
    transaction,
    changes: state.minimumCapabilities.with(changes),
  });
}

/** A write that the registry has done. */
export interface Done {
  readonly continuation: Continuation;
  /** True when the write took so long that an agent which waited for it may have restarted. */
  readonly isStale: boolean;
}

/** The agent that waits for being in the registry. */
const newcomerOf = (continuation: Continuation | undefined): string | undefined =>
  continuation?.type === 'agentAdmitted' || continuation?.type === 'agentReregistered'
    ? `agent ${continuation.id} at ${continuation.pid}`
    : undefined;

/**
 * Takes a finished write out of those that wait; undefined where there is nothing to go on with. A
 * master whose write has failed must not go on: it would announce what the registry does not hold.
 * But an agent that the registry has no room for ends no master: it is as if it had not asked.
 */
export function takeWrite(state: MasterState, event: Stored): Done | undefined {
  const { waiting } = state;
  const done = waiting.writes.get(event.transaction);
  waiting.writes.delete(event.transaction);
  const newcomer = event.isRefused === true ? newcomerOf(done?.continuation) : undefined;
  if (event.error !== undefined && newcomer === undefined) {
    giveUp(state, `Cannot write the registry: ${event.error}`);
    return undefined;
  }
  if (done === undefined) {
    return undefined;
  }
  const { continuation, bytes, sinceMs, isSetting } = done;
  waiting.bytes -= bytes;
  waiting.settings -= isSetting ? 1 : 0;
  waiting.subjects.get(continuation.type)?.delete(subjectOf(continuation));
  if (newcomer !== undefined) {
    const text = `Dropping the registration of ${newcomer}: ${event.error}`;
    logStranger(state, 'registration', text);
    return undefined;
  }
  const tookMs = state.nowMs - sinceMs;
  state.counters.storeDurations.add(tookMs);
  return { continuation, isStale: tookMs >= STALE_MS };
}

/**
 * Makes a call that rewrites a setting wait while another setting is being written. False when it
 * need not wait.
 */
export function waitForTurn({ waiting }: MasterState, call: OperatorCalled): boolean {
  if (waiting.settings === 0) {
    return false;
  }
  const bytes = sizeOf(call.call);
  waiting.calls.push({ bytes, call });
  waiting.bytes += bytes;
  return true;
}

/** The next call that has waited, once no setting is being written. */
export function nextCall({ waiting }: MasterState): OperatorCalled | undefined {
  const next = waiting.settings === 0 ? waiting.calls.shift() : undefined;
  waiting.bytes -= next?.bytes ?? 0;
  return next?.call;
}

const sizeOf = (message: object) => messageSize(message, MAX_WAITING_BYTES);

/**
 * Ends the master, even if it has nothing to write: a next master would not find what this one
 * shows.
 */
export function registryLost(state: MasterState, { error }: RegistryLost): void {
  giveUp(state, `The registry is lost: ${error}`);
}
