// What folders of containers take up on their disks, measured by the program du, as Mesos does.
//
// The folders belong to tasks, which may fill them with millions of files, or with a file system of
// their own that never answers. So du is a process with a bound of memory and one of CPU time. It
// stays on the folder's own file system, follows no link, and opens each folder below the last one,
// so that a task cannot lead it elsewhere. A folder that keeps it for long is left to a du of its
// own, and the others go on.
import { type ChildProcess, spawn } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { Rounds } from '../rounds.ts';

export interface DiskUsageOptions {
  /** The program. */
  readonly du: string;
  /** The time from one round over all folders to the next. */
  readonly intervalMs: number;
  /** The folders to measure, as absolute paths without line breaks. */
  readonly folders: () => Iterable<string>;
  readonly measured: (folder: string, usedBytes: number) => void;
  readonly warn: (text: string) => void;
  /** How long one folder may hold up the others. */
  readonly patienceMs?: number | undefined;
}

/** Folders that are measured by one process: a command line has its limits. */
const BATCH = 256;
const PATIENCE_MS = 10_000;
/** How long a folder may take that is measured by itself. */
const LONGEST_MS = 600_000;
const MAX_MEMORY_KB = 512 * 1024;
/** Of a du whose agent was killed. */
const MAX_CPU_SECS = 600;
/** A limit that cannot be set is lower already. */
const SCRIPT =
  'ulimit -v "$1" 2> /dev/null; ulimit -t "$2" 2> /dev/null; shift 2; exec "$0" -k -s -x "$@"';
/** Of a shell that could not start the program. */
const NOT_STARTED: readonly (number | null)[] = [126, 127];
const BYTES_PER_BLOCK = 1024;

export class DiskUsage {
  readonly #options: DiskUsageOptions;
  readonly #rounds: Rounds;
  /** Folders that are too large to be measured with others. */
  readonly #large = new Set<string>();
  #isMeasuringLarge = false;
  readonly #running = new Set<ChildProcess>();

  constructor(options: DiskUsageOptions) {
    this.#options = options;
    this.#rounds = new Rounds({
      intervalMs: options.intervalMs,
      look: () => this.#look(),
      hasMore: () => new Set(options.folders()).size > 0,
    });
  }

  /** Begins the rounds, unless they have begun. They end when there are no folders any more. */
  start(): void {
    this.#rounds.start();
  }

  close(): void {
    this.#rounds.close();
    for (const child of this.#running) {
      child.kill('SIGKILL');
    }
  }

  async #look(): Promise<void> {
    const folders = new Set(this.#options.folders());
    for (const folder of this.#large) {
      if (!folders.has(folder)) {
        this.#large.delete(folder);
      }
    }
    let left = [...folders].filter((folder) => !this.#large.has(folder));
    while (left.length > 0 && !this.#rounds.isClosed) {
      const batch = left.slice(0, BATCH);
      const unmeasured = await this.#measure(batch, this.#options.patienceMs ?? PATIENCE_MS);
      const [first, ...others] = await existing(unmeasured);
      if (first !== undefined) {
        this.#large.add(first);
      }
      left = [...others, ...left.slice(BATCH)];
    }
    void this.#measureLarge();
  }

  /** One after the other: the agent's machine has other things to do. */
  async #measureLarge(): Promise<void> {
    if (this.#isMeasuringLarge) {
      return;
    }
    this.#isMeasuringLarge = true;
    for (const folder of this.#large) {
      const startMs = performance.now();
      const [unmeasured] = await existing(await this.#measure([folder], LONGEST_MS));
      if (this.#rounds.isClosed) {
        return;
      }
      if (unmeasured !== undefined) {
        this.#options.warn(`What '${folder}' takes up on the disk cannot be measured`);
      } else if (performance.now() - startMs < (this.#options.patienceMs ?? PATIENCE_MS)) {
        this.#large.delete(folder);
      }
    }
    this.#isMeasuringLarge = false;
  }

  /**
   * The folders from the first on that was not measured: it took longer than this, or too much
   * memory, or there is none of them any more.
   */
  #measure(folders: readonly string[], patienceMs: number): Promise<readonly string[]> {
    const { du, measured } = this.#options;
    const child = spawn(
      '/bin/sh',
      ['-c', SCRIPT, du, String(MAX_MEMORY_KB), String(MAX_CPU_SECS), ...folders],
      { cwd: '/', env: { LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    this.#running.add(child);
    const places = new Map(folders.map((folder, place) => [folder, place]));
    let next = 0;
    const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    patience.unref();
    createInterface(child.stdout).on('line', (line) => {
      const [blocks, folder = ''] = splitAtTab(line);
      const place = places.get(folder);
      if (place !== undefined && /^\d+$/.test(blocks)) {
        next = place + 1;
        patience.refresh();
        measured(folder, Number(blocks) * BYTES_PER_BLOCK);
      }
    });
    const ended = Promise.withResolvers<readonly string[]>();
    const failed = (why: string) => {
      this.#options.warn(`What containers take up on the disk cannot be measured: ${why}`);
      ended.resolve([]);
    };
    child.on('error', ({ message }) => failed(message));
    child.on('spawn', () => yieldTo(child));
    child.on('close', (code) => {
      if (NOT_STARTED.includes(code)) {
        failed(`'${du}' cannot be started`);
      }
      ended.resolve(folders.slice(next));
    });
    return ended.promise.finally(() => {
      clearTimeout(patience);
      this.#running.delete(child);
    });
  }
}

function splitAtTab(line: string): [string, string?] {
  const tab = line.indexOf('\t');
  return tab < 0 ? [line] : [line.slice(0, tab), line.slice(tab + 1)];
}

/** Measuring has time; what is measured may not have any. */
function yieldTo({ pid }: ChildProcess): void {
  try {
    setPriority(pid ?? 0, constants.priority.PRIORITY_LOW);
  } catch {
    // The process has ended already.
  }
}

/** Those that there still are. */
async function existing(folders: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    folders.map((folder) =>
      lstat(folder).then(
        () => true,
        () => false,
      ),
    ),
  );
  return folders.filter((_, index) => found[index]);
}
