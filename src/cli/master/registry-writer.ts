// Performs a master's effects on its registry, in the epoch that began with its election.
import type { ReadRegistry, Store } from '../../master/effects.ts';
import type { LeadershipLost, Recovered, RegistryLost, Stored } from '../../master/events.ts';
import { type Registry, TooLargeError } from '../../registry/registry.ts';

type Answer = Recovered | Stored | LeadershipLost | RegistryLost;
type Untimed<Event> = Event extends Answer ? Omit<Event, 'nowMs'> : never;

export class RegistryWriter {
  readonly #registry: Registry;
  readonly #dispatch: (event: Untimed<Answer>) => void;
  #epoch = 0;

  constructor(registry: Registry, dispatch: (event: Untimed<Answer>) => void) {
    this.#registry = registry;
    this.#dispatch = dispatch;
  }

  perform(effect: ReadRegistry | Store): void {
    if (effect.type === 'store') {
      void this.#store(effect);
    } else {
      void this.#read();
    }
  }

  async #read(): Promise<void> {
    try {
      this.#epoch = await this.#registry.beginEpoch();
      const registry = await this.#registry.read();
      this.#dispatch({ type: 'recovered', registry });
    } catch (error) {
      const { message } = error as Error;
      this.#dispatch({ type: 'registryLost', error: `it cannot be read: ${message}` });
    }
  }

  async #store({ changes, transaction }: Store): Promise<void> {
    let error: string | undefined;
    let isRefused = false;
    try {
      const result = await this.#registry.store(changes, this.#epoch);
      if (result === 'notLeader') {
        this.#dispatch({ type: 'leadershipLost', reason: 'another master writes the registry' });
        return;
      }
    } catch (failure) {
      error = (failure as Error).message;
      isRefused = failure instanceof TooLargeError;
    }
    this.#dispatch({ type: 'stored', transaction, error, isRefused });
  }
}
