// Processes without records, of which the spawner itself is the parent: what is fetched with, and
// checks.
import { UnknownEndError } from '../../containerizer-error.ts';
import { DESTROY_SIGNAL, type ProcessSpec, type Spawner } from './spawner.ts';

export type PlainSpec = Omit<ProcessSpec, 'mode' | 'run' | 'bootId'>;

/** So often is begun anew what has no records and was lost with the spawner. */
const MAX_ATTEMPTS = 3;

export class PlainProcesses {
  readonly #spawner: Spawner;

  constructor(spawner: Spawner) {
    this.#spawner = spawner;
  }

  /**
   * Resolves to the raw wait status; rejects when aborted, once all that it has started has ended.
   * It is one that may run twice: where its spawner was killed, and it with that, it is begun anew.
   * Throws UnknownEndError where that does not help.
   */
  async run(spec: PlainSpec, abort: AbortSignal): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#runOnce(spec, abort);
      } catch (error) {
        if (!(error instanceof UnknownEndError) || attempt === MAX_ATTEMPTS) {
          throw error;
        }
        abort.throwIfAborted();
      }
    }
  }

  async #runOnce(spec: PlainSpec, abort: AbortSignal): Promise<number> {
    abort.throwIfAborted();
    const ended = Promise.withResolvers<number>();
    const token = this.#spawner.launch(
      { mode: 'plain', run: '-', bootId: '-', ...spec },
      {
        started: () => undefined,
        ended: (status) =>
          status === undefined
            ? ended.reject(new UnknownEndError('The spawner of containers ended'))
            : ended.resolve(status),
        failed: (error) => ended.reject(error),
      },
    );
    const onAbort = () => this.#spawner.signal(token, DESTROY_SIGNAL);
    abort.addEventListener('abort', onAbort, { once: true });
    try {
      const status = await ended.promise;
      abort.throwIfAborted();
      return status;
    } finally {
      abort.removeEventListener('abort', onAbort);
    }
  }
}
