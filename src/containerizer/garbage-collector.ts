// Deletes sandboxes of ended runs when their time has come.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteSandbox } from './sandboxes.ts';
import { timerDelay } from './timer-delay.ts';
import type { WorkDirectory } from './work-directory.ts';

export class GarbageCollector {
  readonly #work: WorkDirectory;
  readonly #onError: (error: Error) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(work: WorkDirectory, onError: (error: Error) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  /** Sandboxes that wait to be deleted. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Deletes a sandbox, given relative to the work directory, after a delay. */
  schedule(sandbox: string, delayMs: number): void {
    clearTimeout(this.#timers.get(sandbox));
    const now = timerDelay(delayMs);
    const timer = setTimeout(() => {
      if (delayMs > now) {
        this.schedule(sandbox, delayMs - now);
        return;
      }
      this.#timers.delete(sandbox);
      deleteSandbox(this.#work, sandbox).catch((error: unknown) =>
        this.#onError(error instanceof Error ? error : new Error(String(error))),
      );
    }, now);
    timer.unref();
    this.#timers.set(sandbox, timer);
  }

  /**
   * Schedules what earlier agents have left: every sandbox but those to keep, counted from the last
   * change in it, as nobody knows when its run ended.
   */
  async adopt(keep: ReadonlySet<string>, delayMs: number, nowMs: number): Promise<void> {
    for (const sandbox of await this.#sandboxes()) {
      const container = sandbox.slice(sandbox.lastIndexOf('/') + 1);
      if (keep.has(container) || this.#timers.has(sandbox)) {
        continue;
      }
      const { mtimeMs } = await stat(this.#work.path(sandbox));
      this.schedule(sandbox, Math.max(0, mtimeMs + delayMs - nowMs));
    }
  }

  close(): void {
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    this.#timers.clear();
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
