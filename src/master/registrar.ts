// Durable changes. Nothing that depends on one is announced before the registry has it: what is to
// happen then waits here, under the number of its transaction. While the registry's disk is full that may be
// long, so what waits has a bound.
import { messageSize } from '../model/message-size.ts';
import type { RegistryChange } from '../model/registry.ts';
import type { RegistryLost, Stored } from './events.ts';
import { giveUp } from './outbox.ts';
import type { MasterState } from './state.ts';

/**
 * What may wait for the registry: changes, and calls that wait for their turn to make one. At the bound calls
 * are answered 503, and agents that would register are not heard: they ask again. What the master has to say
 * of agents itself is always taken, for it is one change an agent.
 */
export const MAX_WAITING = 16_384;
export const MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** An agent that has waited so long for an answer may be another by now: it asks again. */
const STALE_MS = 30_000;

interface Write {
  readonly sinceMs: number;
  readonly bytes: number;
  readonly then: (isStale: boolean) => void;
}

interface Turn {
  readonly bytes: number;
  readonly take: () => void;
}

/** What waits for the registry. */
export interface Waiting {
  readonly writes: Map<number, Write>;
  /** Calls that rewrite settings: each starts from what the one before it leaves. */
  turns: Turn[];
  /** Settings that are on their way. */
  settings: number;
  bytes: number;
}

export const nothingWaits = (): Waiting => ({
  writes: new Map(),
  turns: [],
  settings: 0,
  bytes: 0,
});

export const waitingCount = ({ waiting }: MasterState) =>
  waiting.writes.size + waiting.turns.length;

/** Undefined while more may wait, or else what is to be answered. */
export function waitingError(state: MasterState): string | undefined {
  const count = waitingCount(state);
  return count >= MAX_WAITING || state.waiting.bytes >= MAX_WAITING_BYTES
    ? `The registry cannot be written at present, and ${count} changes wait for it already`
    : undefined;
}

/** `held` is what `then` goes on with. `then` is told whether that was long ago. */
export function store(
  state: MasterState,
  changes: readonly RegistryChange[],
  then: (isStale: boolean) => void,
  held: object = {},
): void {
  const transaction = state.nextWrite++;
  const bytes = sizeOf(changes) + sizeOf(held);
  state.waiting.writes.set(transaction, { sinceMs: state.nowMs, bytes, then });
  state.waiting.bytes += bytes;
  state.effects.push({
    type: 'store',
    transaction,
    changes: state.minimumCapabilities.with(changes),
  });
}

/** For a setting that is written as a whole (a list, what an agent is to do), in a turn of its own. */
export function storeSetting(state: MasterState, change: RegistryChange, then: () => void): void {
  const { waiting } = state;
  waiting.settings++;
  store(state, [change], () => {
    waiting.settings--;
    then();
    takeTurns(waiting);
  });
}

/** Takes a call that may rewrite a setting, once no other is on its way. `call` is what `take` goes on with. */
export function inTurn({ waiting }: MasterState, call: object, take: () => void): void {
  if (waiting.settings === 0) {
    take();
    return;
  }
  const bytes = sizeOf(call);
  waiting.turns.push({ bytes, take });
  waiting.bytes += bytes;
}

function takeTurns(waiting: Waiting): void {
  while (waiting.settings === 0) {
    const turn = waiting.turns.shift();
    if (turn === undefined) {
      return;
    }
    waiting.bytes -= turn.bytes;
    turn.take();
  }
}

const sizeOf = (message: object) => messageSize(message, MAX_WAITING_BYTES);

/** A master that cannot write its registry must not go on: it would announce what it may forget. */
export function stored(state: MasterState, event: Stored): void {
  const { waiting } = state;
  const write = waiting.writes.get(event.transaction);
  waiting.writes.delete(event.transaction);
  if (event.error !== undefined) {
    giveUp(state, `Cannot write the registry: ${event.error}`);
    return;
  }
  if (write !== undefined) {
    waiting.bytes -= write.bytes;
    const tookMs = state.nowMs - write.sinceMs;
    state.counters.storeDurations.add(tookMs);
    write.then(tookMs >= STALE_MS);
  }
}

/** Also where nothing is to be written: what the master shows is not what a next one would find. */
export function registryLost(state: MasterState, { error }: RegistryLost): void {
  giveUp(state, `The registry is lost: ${error}`);
}
