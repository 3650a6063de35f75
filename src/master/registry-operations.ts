// Durable changes. Nothing that depends on one is announced before the registry has it: what is to
// happen then waits here, under the number of its transaction.
import type { RegistryChange } from '../model/registry.ts';
import type { RegistryLost, Stored } from './events.ts';
import { giveUp } from './outbox.ts';
import type { MasterState } from './state.ts';

/** What happens once a change is durable. */
export type PendingWrite = () => void;

export function store(
  state: MasterState,
  changes: readonly RegistryChange[],
  then: PendingWrite,
): void {
  const transaction = state.nextWrite++;
  state.writes.set(transaction, { sinceMs: state.nowMs, then });
  state.effects.push({
    type: 'store',
    transaction,
    changes: state.minimumCapabilities.with(changes),
  });
}

/** A master that cannot write its registry must not go on: it would announce what it may forget. */
export function stored(state: MasterState, event: Stored): void {
  const write = state.writes.get(event.transaction);
  state.writes.delete(event.transaction);
  if (event.error !== undefined) {
    giveUp(state, `Cannot write the registry: ${event.error}`);
    return;
  }
  if (write !== undefined) {
    state.counters.storeDurations.add(state.nowMs - write.sinceMs);
    write.then();
  }
}

/** Also where nothing is to be written: what the master shows is not what a next one would find. */
export function registryLost(state: MasterState, { error }: RegistryLost): void {
  giveUp(state, `The registry is lost: ${error}`);
}
