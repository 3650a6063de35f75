// Ends a process in order: the first signal closes what was opened, last opened first; a second
// one ends the process at once.
import type { Logger } from './logger.ts';

export type Closer = () => void | Promise<void>;

/** Conventional exit status of a process ended by a signal. */
const SIGNAL_STATUS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };
/** How long closing may take before the process ends all the same. */
const PATIENCE_MS = 5_000;

export class Shutdown {
  readonly #closers: { readonly name: string; readonly close: Closer }[] = [];
  readonly #logger: Logger;
  readonly #exit: (code: number) => void;
  #ending: Promise<void> | undefined;

  constructor(logger: Logger, exit: (code: number) => void = (code) => process.exit(code)) {
    this.#logger = logger;
    this.#exit = exit;
  }

  /** Registers what has to be closed; what was registered last is closed first. */
  add(name: string, close: Closer): void {
    this.#closers.push({ name, close });
  }

  /** Ends the process on these signals, with status 0 for `graceful` ones. */
  onSignals(signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']): void {
    for (const signal of signals) {
      process.on(signal, () => {
        if (this.#ending) {
          this.#exit(SIGNAL_STATUS[signal] ?? 1);
          return;
        }
        this.#logger.info(`Received ${signal}, shutting down`);
        void this.run(0);
      });
    }
  }

  /** Closes everything and ends the process. Later calls wait for the first. */
  run(code: number): Promise<void> {
    this.#ending ??= this.#close().then(() => this.#exit(code));
    return this.#ending;
  }

  async #close(): Promise<void> {
    const patience = setTimeout(() => {
      this.#logger.error('Shutting down takes too long, exiting');
      this.#exit(1);
    }, PATIENCE_MS);
    for (let closer = this.#closers.pop(); closer; closer = this.#closers.pop()) {
      try {
        await closer.close();
      } catch (error) {
        this.#logger.error(`Closing ${closer.name} failed: ${String(error)}`);
      }
    }
    clearTimeout(patience);
  }
}
