// Deletes the sandboxes of ended runs when they are due, one after the other: many may be due at
// once, and the rest of the agent needs the disk and the threads, too.
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';
import { timerDelay } from '../../model/timer-delay.ts';
import type { SandboxPlace } from '../plan/sandbox-path.ts';
import { isAbsence, isPassing } from '../records/record-file.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { deleteSandbox, nestedNames, removeSandbox } from './sandboxes.ts';

/** When a deletion takes longer than this, the next one begins beside it. */
const LONG_DELETION_MS = 60_000;
/** When to retry a sandbox that has a mount in it: it may be unmounted by then. */
const MOUNTED_RETRY_MS = 3_600_000;
/** When to retry after descriptors were used up. */
const RETRY_MS = 10_000;

interface Garbage {
  readonly remove: () => Promise<void>;
  /** Whether it is in use again. */
  readonly spare: () => boolean;
}

/** What a container has left that calls may launch again. */
export interface Left extends Pick<Garbage, 'spare'> {
  /** Does this while no container with its id is launched. */
  readonly alone: (sweep: () => Promise<void>) => Promise<void>;
}

/** A sandbox that is not due yet. */
interface Waiting {
  /** By the clock of `performance`. */
  readonly dueMs: number;
  readonly timer: NodeJS.Timeout;
  readonly garbage: Garbage;
  /** It was due before, and could not be deleted. */
  readonly isRetry: boolean;
}

export class GarbageCollector {
  readonly #work: WorkDirectory;
  readonly #onError: (error: unknown) => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #due: (() => Promise<void>)[] = [];
  readonly #retryMs: number;
  readonly #closed = new AbortController();
  #isDeleting = false;
  #deleted = 0;
  #failed = 0;

  /** `lookAgainMs`: when to search for old sandboxes again, after a search has failed. */
  constructor(work: WorkDirectory, onError: (error: unknown) => void, lookAgainMs = RETRY_MS) {
    this.#work = work;
    this.#onError = onError;
    this.#retryMs = lookAgainMs;
  }

  /** How many sandboxes wait to be deleted. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** How many sandboxes were deleted, and how many could not be. */
  get removals(): { readonly succeeded: number; readonly failed: number } {
    return { succeeded: this.#deleted, failed: this.#failed };
  }

  /** Deletes a sandbox, whose path is relative to the work directory, after a delay. */
  schedule(sandbox: string, delayMs: number): void {
    this.#schedule(
      sandbox,
      delayMs,
      this.#ofRun(sandbox, () => false),
    );
  }

  /**
   * The same for a container that may be in another one's sandbox, unless that is in use when it is
   * due: a new container may have its id.
   */
  scheduleBelow({ root, names }: SandboxPlace, delayMs: number, { spare, alone }: Left): void {
    const remove = () => alone(() => removeSandbox(this.#work, { root, names }));
    this.#schedule([root, ...names].join(' '), delayMs, { remove, spare });
  }

  /**
   * Schedules the sandboxes of nested containers that an earlier agent has left in that of a
   * container which goes on.
   */
  async adoptBelow(root: string, delayMs: number, left: (name: string) => Left): Promise<void> {
    for (const name of await nestedNames(this.#work, root)) {
      this.scheduleBelow({ root, names: [name] }, delayMs, left(name));
    }
  }

  /** Deletes what is due within this time now, the oldest first; returns how many sandboxes. */
  hasten(withinMs: number): number {
    const untilMs = performance.now() + withinMs;
    const soon = [...this.#waiting]
      .filter(([, { dueMs, isRetry }]) => !isRetry && dueMs <= untilMs)
      .toSorted(([, one], [, other]) => one.dueMs - other.dueMs);
    for (const [name, waiting] of soon) {
      this.#isDue(name, waiting);
    }
    return soon.length;
  }

  /**
   * Schedules the sandboxes that earlier agents have left, except those in use. The delay counts
   * from the last change, since the end of the run is not known. The task can set the modification
   * time, even into the future, so the time of the inode's change counts as well: no sandbox stays
   * longer than one whose run ends now. The search may take a while, and launches go on meanwhile,
   * so `inUse` is asked again before each deletion. Without free descriptors or memory it is
   * retried later. Throws any other error.
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
      if (inUse(container) || this.#waiting.has(sandbox)) {
        continue;
      }
      const status = await stat(this.#work.path(sandbox)).catch(orNothing);
      if (status !== undefined) {
        const changedMs = Math.min(status.mtimeMs, status.ctimeMs, nowMs);
        const leftMs = Math.max(0, changedMs + delayMs - nowMs);
        this.#schedule(
          sandbox,
          leftMs,
          this.#ofRun(sandbox, () => inUse(container)),
        );
      }
    }
  }

  close(): void {
    this.#closed.abort();
    for (const { timer } of this.#waiting.values()) {
      clearTimeout(timer);
    }
    this.#waiting.clear();
    this.#due.length = 0;
  }

  #ofRun(sandbox: string, spare: () => boolean): Garbage {
    return { remove: () => deleteSandbox(this.#work, sandbox), spare };
  }

  #schedule(name: string, delayMs: number, garbage: Garbage, isRetry = false): void {
    clearTimeout(this.#waiting.get(name)?.timer);
    const now = timerDelay(delayMs);
    const timer = setTimeout(() => {
      if (delayMs > now) {
        this.#schedule(name, delayMs - now, garbage, isRetry);
      } else {
        this.#isDue(name, waiting);
      }
    }, now);
    timer.unref();
    const waiting = { dueMs: performance.now() + delayMs, timer, garbage, isRetry };
    this.#waiting.set(name, waiting);
  }

  #isDue(name: string, { timer, garbage }: Waiting): void {
    clearTimeout(timer);
    this.#waiting.delete(name);
    this.#due.push(async () => {
      if (!garbage.spare()) {
        await this.#delete(name, garbage);
      }
    });
    void this.#deleteDue();
  }

  async #delete(name: string, garbage: Garbage): Promise<void> {
    try {
      await garbage.remove();
      this.#deleted++;
    } catch (error) {
      if (codeOf(error) === 'EBUSY' && !this.#closed.signal.aborted) {
        this.#schedule(name, MOUNTED_RETRY_MS, garbage, true);
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
      // A task of the same user can prolong the deletion while it lives: that must not delay
      // others.
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

  /** All folders slaves/<agent>/frameworks/<framework>/executors/<executor>/runs/<container>. */
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

/** ENOENT means that the sandbox has been deleted meanwhile; any other error is thrown. */
function orNothing(error: unknown): undefined {
  if (!isAbsence(error)) {
    throw error;
  }
}
