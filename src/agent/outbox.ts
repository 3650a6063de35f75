// The way out of a step: effects in order, and what must be durable before they may be seen.
//
// An effect that comes after a change which must survive a crash waits until the change is durable,
// and so do all effects behind it, so that none overtakes. Changes of one step are one transaction;
// later transactions do not wait for earlier ones, so a slow disk costs time but no throughput.
// Timers, logs, checkpoints themselves, answers to pings and, where that is no disorder, kills
// and removals never wait.
import { messageSize } from '../model/message-size.ts';
import type { Link, Log, Reply, Stranger } from '../model/process-effects.ts';
import type { Audit, AuditDisbelief } from '../security/audit.ts';
import type { CheckpointChange } from './checkpoint.ts';
import type {
  AgentEffect,
  AttachContainer,
  DestroyContainer,
  Exit,
  KillContainer,
  ListImages,
  PruneImages,
  PullImage,
  RemoveContainer,
  SendToExecutor,
  SendToMaster,
  WaitContainer,
} from './effects.ts';
import type { AgentState } from './state.ts';
import type { AgentTimer } from './timers.ts';

export interface Outbox {
  /** Effects of the step at hand. */
  ready: AgentEffect[];
  /** Effects that wait for a transaction, oldest first. */
  held: { readonly after: number; readonly effect: AgentEffect; readonly bytes: number }[];
  /** Bytes of the held messages and events, about. */
  heldBytes: number;
  /** Index of the first effect that still waits. */
  firstHeld: number;
  /** Changes of the step at hand. */
  changes: CheckpointChange[];
  /** Changes that can wait; they go with the next transaction or, at last, by a timer. */
  idleChanges: CheckpointChange[];
  idleTimerSet: boolean;
  lastTransaction: number;
  durableTransaction: number;
  /** The last transaction that an effect waits for. */
  barrier: number;
  /** True while nothing can be written, for a reason that may pass (a full disk). */
  isStalled: boolean;
  /** Why the agent has given up. */
  failure: string | undefined;
}

/** How long a change that no effect waits for may stay in memory only. */
const IDLE_DELAY_MS = 1_000;
/** With so many of these changes they are written without waiting for the timer. */
const MAX_IDLE_CHANGES = 1_000;
/** Effects that may wait for the disk; with more the disk counts as failed. */
const MAX_HELD = 1_000_000;
/**
 * Bytes of messages and events that may wait for the disk; with more, calls of executors and
 * messages of schedulers are refused.
 */
const MAX_HELD_BYTES = 64 * 1024 * 1024;

export const createOutbox = (): Outbox => ({
  ready: [],
  held: [],
  heldBytes: 0,
  firstHeld: 0,
  changes: [],
  idleChanges: [],
  idleTimerSet: false,
  lastTransaction: 0,
  durableTransaction: 0,
  barrier: 0,
  isStalled: false,
  failure: undefined,
});

/**
 * Adds an effect behind all that waits. `ofAnswered` is the size of the call that a reply answers,
 * which is kept as long as the reply waits.
 */
export function emit(
  agent: AgentState,
  effect: AgentEffect,
  ofAnswered: () => number = none,
): void {
  const { outbox } = agent;
  if (outbox.barrier > outbox.durableTransaction) {
    const bytes = sizeOf(effect) + ofAnswered();
    outbox.heldBytes += bytes;
    outbox.held.push({ after: outbox.barrier, effect, bytes });
    if (outbox.held.length > MAX_HELD) {
      giveUp(agent, 'Failed to checkpoint: the disk does not answer');
    }
  } else {
    outbox.ready.push(effect);
  }
}

const none = () => 0;

function sizeOf(effect: AgentEffect): number {
  switch (effect.type) {
    case 'sendToMaster':
      return messageSize(effect.message.body, MAX_HELD_BYTES);
    case 'sendToExecutor':
      return messageSize(effect.event, MAX_HELD_BYTES);
    default:
      return 0;
  }
}

/** True while too much waits for the disk: calls and messages that would add to it are refused. */
export const isFull = ({ outbox }: AgentState) => outbox.heldBytes > MAX_HELD_BYTES;

/**
 * Adds an effect that tells of nothing which a crash could take back: it does not wait for the
 * disk.
 */
export function emitAtOnce(
  agent: AgentState,
  effect:
    | SendToMaster
    | Reply
    | AttachContainer
    | WaitContainer
    | PruneImages
    | ListImages
    | PullImage
    | Audit
    | AuditDisbelief
    | Exit,
): void {
  agent.outbox.ready.push(effect);
}

/**
 * Adds an effect that keeps the agent registered. It waits its turn, but not for a full disk: if
 * the master took the agent for lost, with all its tasks, that would be worse than to tell what a
 * crash could take back.
 */
export function emitPresence(agent: AgentState, effect: SendToMaster | Link): void {
  if (agent.outbox.isStalled) {
    agent.outbox.ready.push(effect);
  } else {
    emit(agent, effect);
  }
}

/**
 * Adds an effect that ends a task or a container, or removes what is left of one. It waits only
 * behind effects for the same executor or container: a task that fills the disk must be able to be
 * ended, and what has filled it to be removed, while nothing can be written.
 */
export function emitEnding(
  agent: AgentState,
  effect: SendToExecutor | DestroyContainer | KillContainer | RemoveContainer,
): void {
  const { outbox } = agent;
  const of = objectOf(effect);
  for (let index = outbox.firstHeld; index < outbox.held.length; index++) {
    const entry = outbox.held[index];
    if (entry !== undefined && objectOf(entry.effect) === of) {
      emit(agent, effect);
      return;
    }
  }
  outbox.ready.push(effect);
}

function objectOf(effect: AgentEffect): string | undefined {
  switch (effect.type) {
    case 'openStream':
    case 'sendToExecutor':
    case 'closeStream':
      return effect.stream;
    case 'launchExecutor':
    case 'reattachExecutor':
    case 'resizeContainer':
    case 'destroyContainer':
    case 'launchContainer':
    case 'killContainer':
    case 'removeContainer':
      return effect.containerId;
    default:
      return undefined;
  }
}

/** `stranger`: where anybody can cause it, as often as he likes. */
export function log(
  agent: AgentState,
  level: Log['level'],
  text: string,
  stranger?: Stranger,
): void {
  agent.outbox.ready.push({ type: 'log', level, text, ...(stranger && { stranger }) });
}

export function setTimer(agent: AgentState, timer: AgentTimer, delayMs: number): void {
  agent.outbox.ready.push({ type: 'setTimer', timer, delayMs });
}

export function clearTimer(agent: AgentState, timer: AgentTimer): void {
  agent.outbox.ready.push({ type: 'clearTimer', timer });
}

/**
 * Ends the agent because it cannot go on: without waiting for a disk that may be the reason, and
 * without any further effect, of this step or a later one.
 */
export function giveUp(agent: AgentState, reason: string): void {
  agent.outbox.failure ??= reason;
}

/** Stores a change; all effects that are added from now on wait until it is durable. */
export function persist(agent: AgentState, change: CheckpointChange): void {
  const { outbox } = agent;
  outbox.changes.push(change);
  outbox.barrier = outbox.lastTransaction + 1;
}

/**
 * Stores a change at once that no effect waits for, such as an acknowledgement. If a crash comes
 * before it is durable, one update is sent twice.
 */
export function persistSoon(agent: AgentState, change: CheckpointChange): void {
  agent.outbox.changes.push(change);
}

/**
 * Stores a change with the next ones, or after a second. Its loss costs little: a completed
 * executor is found to be completed again.
 */
export function persistLater(agent: AgentState, change: CheckpointChange): void {
  const { outbox } = agent;
  outbox.idleChanges.push(change);
  if (!outbox.idleTimerSet) {
    outbox.idleTimerSet = true;
    setTimer(agent, 'checkpoint', IDLE_DELAY_MS);
  }
}

/** Ends the step and answers its effects. */
export function takeEffects(agent: AgentState): AgentEffect[] {
  const { outbox } = agent;
  if (outbox.failure !== undefined) {
    return [{ type: 'exit', code: 1, reason: outbox.failure }];
  }
  if (outbox.changes.length > 0 || outbox.idleChanges.length >= MAX_IDLE_CHANGES) {
    write(outbox);
  }
  const effects = outbox.ready;
  outbox.ready = [];
  return effects;
}

function write(outbox: Outbox): void {
  outbox.lastTransaction++;
  outbox.ready.push({
    type: 'checkpoint',
    transaction: outbox.lastTransaction,
    changes: [...outbox.idleChanges, ...outbox.changes],
  });
  outbox.idleChanges = [];
  outbox.changes = [];
}

export function idleTimerFired(agent: AgentState): void {
  const { outbox } = agent;
  outbox.idleTimerSet = false;
  if (outbox.idleChanges.length > 0) {
    write(outbox);
  }
}

/** Stores all changes that have waited: the agent is about to stop. */
export function persistIdle(agent: AgentState): void {
  const { outbox } = agent;
  if (outbox.changes.length > 0 || outbox.idleChanges.length > 0) {
    write(outbox);
  }
}

export function checkpointStalled(agent: AgentState): void {
  agent.outbox.isStalled = true;
}

/** Releases the effects that have waited for this transaction. */
export function checkpointed(
  agent: AgentState,
  transaction: number,
  error: string | undefined,
): void {
  const { outbox } = agent;
  if (error !== undefined) {
    // If the agent went on, it would announce what a crash could take back.
    giveUp(agent, `Failed to checkpoint: ${error}`);
    return;
  }
  outbox.isStalled = false;
  outbox.durableTransaction = Math.max(outbox.durableTransaction, transaction);
  let entry = outbox.held[outbox.firstHeld];
  while (entry !== undefined && entry.after <= outbox.durableTransaction) {
    outbox.ready.push(entry.effect);
    outbox.heldBytes -= entry.bytes;
    outbox.firstHeld++;
    entry = outbox.held[outbox.firstHeld];
  }
  if (outbox.firstHeld * 2 > outbox.held.length) {
    outbox.held = outbox.held.slice(outbox.firstHeld);
    outbox.firstHeld = 0;
  }
}
