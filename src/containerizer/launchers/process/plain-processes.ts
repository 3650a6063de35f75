// Processes that are children of the spawner and have no records: fetching and checks.
import { UnknownEndError } from '../../containerizer-error.ts';
import { DESTROY_SIGNAL, type ProcessSpec, type Spawner } from './spawner.ts';

export type PlainSpec = Omit<ProcessSpec, 'mode' | 'run' | 'bootId'>;

/** How often a process is started that was lost with its spawner. */
const MAX_ATTEMPTS = 3;

export class PlainProcesses {
  readonly #spawner: Spawner;

  constructor(spawner: Spawner) {
    this.#spawner = spawner;
  }

  /**
   * Resolves to the raw wait status. Rejects when aborted, once the process and all it has started
   * have ended. The process must be repeatable: if the spawner is killed, and the process with it,
   * it is started again. Throws UnknownEndError if it is lost each time.
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
