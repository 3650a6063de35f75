// A server of this checkout under measurement, started as by an operator: the command itself
// chooses the options of its Node.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export class ServerProcess {
  #child: ChildProcess | undefined;

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The exit status; undefined while it runs, and where a signal has ended it. */
  get status(): number | undefined {
    return this.#child?.exitCode ?? undefined;
  }

  /** `more` is added to the environment of this process. */
  start(parameters: readonly string[], more: NodeJS.ProcessEnv = {}): void {
    this.#child = spawn(join(import.meta.dirname, '..', 'bin', 'mesoscale'), parameters, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...more },
    });
  }

  /** Resolves when it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await ended;
    }
    this.#child = undefined;
  }
}
