// Deletes sandboxes of ended runs when their time has come, one after the other: many may be due at
// once, and the rest of the agent needs the disk and the threads, too.
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';
import { isAbsence, isPassing } from '../records/record-file.ts';
import { timerDelay } from '../timer-delay.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { deleteSandbox } from './sandboxes.ts';

/** After so long the next deletion begins beside it. */
const LONG_DELETION_MS = 60_000;
/** When a sandbox is tried again that something is mounted on, or in: it may be unmounted. */
const MOUNTED_RETRY_MS = 3_600_000;
/** How long descriptors that were used up are given to come back. */
const RETRY_MS = 10_000;

export class GarbageCollector {
  readonly #work: WorkDirectory;
  readonly #onError: (error: unknown) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #due: (() => Promise<void>)[] = [];
  readonly #retryMs: number;
  readonly #closed = new AbortController();
  #isDeleting = false;
  #deleted = 0;
  #failed = 0;

  /**
   * `lookAgainMs`: after how long old sandboxes are looked for again, where that could not be done.
   */
  constructor(work: WorkDirectory, onError: (error: unknown) => void, lookAgainMs = RETRY_MS) {
    this.#work = work;
    this.#onError = onError;
    this.#retryMs = lookAgainMs;
  }

  /** Sandboxes that wait to be deleted. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Sandboxes that were deleted, and those that could not be. */
  get removals(): { readonly succeeded: number; readonly failed: number } {
    return { succeeded: this.#deleted, failed: this.#failed };
  }

  /** Deletes a sandbox, given relative to the work directory, after a delay. */
  schedule(sandbox: string, delayMs: number): void {
    this.#schedule(sandbox, delayMs, () => false);
  }

  /**
   * Schedules what earlier agents have left: every sandbox but those in use, counted from the last
   * change in it, as nobody knows when its run ended. Its time of modification is the task's to
   * set, even into the future; so that of its change counts, too, and no sandbox stays longer than
   * one that ends now. Looking may take a while, with launches going on beside it: so `inUse` is
   * asked again before anything is deleted. Out of descriptors or memory, it looks again later.
   * Throws what else keeps it from looking.
   */
  async adopt(
    inUse: (container: string) => boolean,
    delayMs: number,
    nowMs: number,
  ): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        await this.#adoptOnce(inUse, delayMs, nowMs);
        return;
      } catch (error) {
        if (!isPassing(error)) {
          throw error;
        }
        const { signal } = this.#closed;
        await delay(this.#retryMs, undefined, { ref: false, signal }).catch(() => undefined);
      }
    }
  }

  async #adoptOnce(
    inUse: (container: string) => boolean,
    delayMs: number,
    nowMs: number,
  ): Promise<void> {
    for (const sandbox of await this.#sandboxes()) {
      const container = basename(sandbox);
      if (inUse(container) || this.#timers.has(sandbox)) {
        continue;
      }
      const status = await stat(this.#work.path(sandbox)).catch(orNothing);
      if (status !== undefined) {
        const changedMs = Math.min(status.mtimeMs, status.ctimeMs, nowMs);
        const leftMs = Math.max(0, changedMs + delayMs - nowMs);
        this.#schedule(sandbox, leftMs, () => inUse(container));
      }
    }
  }

  close(): void {
    this.#closed.abort();
    for (const timer of this.#timers.values()) {
      clearTimeout(timer);
    }
    this.#timers.clear();
    this.#due.length = 0;
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
      this.#due.push(async () => {
        if (!spare()) {
          await this.#delete(sandbox, spare);
        }
      });
      void this.#deleteDue();
    }, now);
    timer.unref();
    this.#timers.set(sandbox, timer);
  }

  async #delete(sandbox: string, spare: () => boolean): Promise<void> {
    try {
      await deleteSandbox(this.#work, sandbox);
      this.#deleted++;
    } catch (error) {
      if (codeOf(error) === 'EBUSY' && !this.#closed.signal.aborted) {
        this.#schedule(sandbox, MOUNTED_RETRY_MS, spare);
      }
      throw error;
    }
  }

  async #deleteDue(): Promise<void> {
    if (this.#isDeleting) {
      return;
    }
    this.#isDeleting = true;
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
      // A task of the same user can draw out the deletion for as long as it lives: of that one
      // only.
      const bound = new AbortController();
      await Promise.race([
        next().catch((error: unknown) => {
          this.#failed++;
          this.#onError(error);
        }),
        delay(LONG_DELETION_MS, undefined, { ref: false, signal: bound.signal }).catch(
          () => undefined,
        ),
      ]);
      bound.abort();
    }
    this.#isDeleting = false;
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
    const path = this.#work.path(folder);
    const entries = (await readdir(path, { withFileTypes: true }).catch(orNothing)) ?? [];
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  }
}

/** What is not there has been deleted meanwhile; no other error says so. */
function orNothing(error: unknown): undefined {
  if (!isAbsence(error)) {
    throw error;
  }
}
