// Ends the process in order. The first signal closes everything, in reverse order of opening; a
// second signal ends the process at once.
import type { Logger } from './logger.ts';

export type Closer = () => void | Promise<void>;

/** The usual exit status of a process that a signal ended. */
const SIGNAL_STATUS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };
/** How long closing may take before the process ends anyway. */
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

  /** Registers something to close; the last registered is closed first. */
  add(name: string, close: Closer): void {
    this.#closers.push({ name, close });
  }

  /** The first SIGINT or SIGTERM calls `stop`; a second one ends the process at once. */
  onSignals(stop: () => void): void {
    let isAsked = false;
    for (const [signal, status] of Object.entries(SIGNAL_STATUS)) {
      process.on(signal, () => {
        if (isAsked || this.#ending) {
          this.#exit(status);
          return;
        }
        isAsked = true;
        this.#logger.info(`Received ${signal}, shutting down`);
        stop();
      });
    }
  }

  /** Closes everything and ends the process. Later calls wait for the first. */
  run(code: number): Promise<void> {
    this.#ending ??= this.#close().then(() => this.#exit(code));
    return this.#ending;
  }

  async #close(): Promise<void> {
    let closing = '';
    const patience = setTimeout(() => {
      this.#logger.error(`Shutting down takes too long (closing ${closing}), exiting`);
      this.#exit(1);
    }, PATIENCE_MS);
    for (let closer = this.#closers.pop(); closer; closer = this.#closers.pop()) {
      closing = closer.name;
      try {
        await closer.close();
      } catch (error) {
        this.#logger.error(`Closing ${closer.name} failed: ${String(error)}`);
      }
    }
    clearTimeout(patience);
  }
}
