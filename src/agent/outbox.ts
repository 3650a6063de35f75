// The way out of a step: effects in order, and what must be durable before they may be seen.
//
// Whatever leaves after a change that must survive a crash waits until that change is durable, and
// so does everything behind it, so that nothing overtakes. Changes of one step are one transaction;
// later transactions do not wait for earlier ones, so a slow disk costs time but no throughput.
// Timers, logs, checkpoints themselves, answers to pings and, where that is no disorder, kills
// never wait.
import { messageSize } from '../model/message-size.ts';
import type { Link, Log, Reply } from '../model/process-effects.ts';
import type { CheckpointChange } from './checkpoint.ts';
import type {
  AgentEffect,
  DestroyContainer,
  Exit,
  SendToExecutor,
  SendToMaster,
} from './effects.ts';
import type { AgentState } from './state.ts';
import type { AgentTimer } from './timers.ts';

export interface Outbox {
  /** Effects of the step at hand. */
  ready: AgentEffect[];
  /** Effects that wait for a transaction, oldest first. */
  held: { readonly after: number; readonly effect: AgentEffect; readonly bytes: number }[];
  /** Size of the messages and events among them, about. */
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
  /** The last transaction that something waits for. */
  barrier: number;
  /** Nothing can be written for the moment, for a reason that may pass. */
  isStalled: boolean;
  /** Why the agent has given up. */
  failure: string | undefined;
}

/** How long a change that nothing waits for may stay in memory only. */
const IDLE_DELAY_MS = 1_000;
/** So many are written at once, without waiting for the timer. */
const MAX_IDLE_CHANGES = 1_000;
/** Effects that wait for the disk; with more than that it is the disk that has failed. */
const MAX_HELD = 1_000_000;
/**
 * Of messages and events that wait for the disk; with more, what executors and schedulers say is
 * refused.
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
 * `ofAnswered`: the size of what a reply answers, which waits for the disk as long as the reply
 * does.
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

/** The disk is so slow, or so full, that no more may be said to anybody until it has caught up. */
export const isFull = ({ outbox }: AgentState) => outbox.heldBytes > MAX_HELD_BYTES;

/** For what tells of nothing that could be lost: it does not wait for the disk. */
export function emitAtOnce(agent: AgentState, effect: SendToMaster | Reply | Exit): void {
  agent.outbox.ready.push(effect);
}

/**
 * For what keeps the agent known to its master. It waits its turn, but not for a disk that is full:
 * to be taken for lost, with all its tasks, would be worse than to say what may have to be found
 * out again.
 */
export function emitPresence(agent: AgentState, effect: SendToMaster | Link): void {
  if (agent.outbox.isStalled) {
    agent.outbox.ready.push(effect);
  } else {
    emit(agent, effect);
  }
}

/**
 * For what ends a task or a container. It only waits behind what the same one is to get before:
 * what fills a disk must be able to be ended while nothing can be written to it.
 */
export function emitEnding(agent: AgentState, effect: SendToExecutor | DestroyContainer): void {
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
      return effect.containerId;
    default:
      return undefined;
  }
}

export function log(agent: AgentState, level: Log['level'], text: string): void {
  agent.outbox.ready.push({ type: 'log', level, text });
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

/** A change that must be durable before anything emitted from now on is seen. */
export function persist(agent: AgentState, change: CheckpointChange): void {
  const { outbox } = agent;
  outbox.changes.push(change);
  outbox.barrier = outbox.lastTransaction + 1;
}

/**
 * A change that is written at once and that nothing waits for: what was acknowledged. A crash in
 * the moment before it is durable has one update sent twice.
 */
export function persistSoon(agent: AgentState, change: CheckpointChange): void {
  agent.outbox.changes.push(change);
}

/** A change whose loss costs nothing but a look: a completed executor is found completed again. */
export function persistLater(agent: AgentState, change: CheckpointChange): void {
  const { outbox } = agent;
  outbox.idleChanges.push(change);
  if (!outbox.idleTimerSet) {
    outbox.idleTimerSet = true;
    setTimer(agent, 'checkpoint', IDLE_DELAY_MS);
  }
}

/** The effects of the step, which ends here. */
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

/** Before the agent leaves: nothing that it knows stays in memory only. */
export function persistIdle(agent: AgentState): void {
  const { outbox } = agent;
  if (outbox.changes.length > 0 || outbox.idleChanges.length > 0) {
    write(outbox);
  }
}

export function checkpointStalled(agent: AgentState): void {
  agent.outbox.isStalled = true;
}

/** Lets go what has waited for this transaction. */
export function checkpointed(
  agent: AgentState,
  transaction: number,
  error: string | undefined,
): void {
  const { outbox } = agent;
  if (error !== undefined) {
    // Going on would announce what a crash could take back.
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
