// Deletes sandboxes of ended runs when their time has come.
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { deleteSandbox } from './sandboxes.ts';
import { timerDelay } from './timer-delay.ts';
import type { WorkDirectory } from './work-directory.ts';

export class GarbageCollector {
  readonly #work: WorkDirectory;
  readonly #onError: (error: unknown) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(work: WorkDirectory, onError: (error: unknown) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  /** Sandboxes that wait to be deleted. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Deletes a sandbox, given relative to the work directory, after a delay. */
  schedule(sandbox: string, delayMs: number): void {
    this.#schedule(sandbox, delayMs, () => false);
  }

  /**
   * Schedules what earlier agents have left: every sandbox but those in use, counted from the last
   * change in it, as nobody knows when its run ended. Looking may take a while, with launches going
   * on beside it: so `inUse` is asked again before anything is deleted.
   */
  async adopt(
    inUse: (container: string) => boolean,
    delayMs: number,
    nowMs: number,
  ): Promise<void> {
    for (const sandbox of await this.#sandboxes()) {
      const container = basename(sandbox);
      if (inUse(container) || this.#timers.has(sandbox)) {
        continue;
      }
      const status = await stat(this.#work.path(sandbox)).catch(() => undefined);
      if (status !== undefined) {
        const leftMs = Math.max(0, status.mtimeMs + delayMs - nowMs);
        this.#schedule(sandbox, leftMs, () => inUse(container));
      }
    }
  }

  close(): void {
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    this.#timers.clear();
  }

  #schedule(sandbox: string, delayMs: number, spare: () => boolean): void {
    clearTimeout(this.#timers.get(sandbox));
    const now = timerDelay(delayMs);
    const timer = setTimeout(() => {
      if (delayMs > now) {
        this.#schedule(sandbox, delayMs - now, spare);
        return;
      }
      this.#timers.delete(sandbox);
      if (!spare()) {
        deleteSandbox(this.#work, sandbox).catch(this.#onError);
      }
    }, now);
    timer.unref();
    this.#timers.set(sandbox, timer);
  }

  /** All of slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/<container>. */
  async #sandboxes(): Promise<string[]> {
    let folders = ['slaves'];
    for (const level of ['frameworks', 'executors', 'runs', '']) {
      const below = await Promise.all(folders.map((folder) => this.#foldersIn(folder)));
      folders = below.flat().map((folder) => (level === '' ? folder : join(folder, level)));
    }
    return folders;
  }

  async #foldersIn(folder: string): Promise<string[]> {
    const entries = await readdir(this.#work.path(folder), { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  }
}
