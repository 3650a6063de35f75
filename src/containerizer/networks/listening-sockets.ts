// The TCP sockets of this machine's network on which somebody listens, and which of some processes
// have them open.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { TCP, type WaitingSockets, waitingSockets } from './socket-tables.ts';

/** Those of TCP on which somebody listens. */
export const listeningSockets = (): Promise<WaitingSockets> => waitingSockets(TCP);

/** Processes whose open files are listed by one program: a command line has its limits. */
const BATCH = 2_000;
const LONGEST_MS = 60_000;

/**
 * Lists the open sockets of processes by the program find: a process may have a million files open.
 * The supervisor's tells which of their threads have some that the process does not have.
 */
export class OpenSockets {
  readonly #find: string;
  readonly #supervisor: string;
  readonly #running = new Set<ChildProcess>();

  /** The paths of the two programs. */
  constructor(find: string, supervisor: string) {
    this.#find = find;
    this.#supervisor = supervisor;
  }

  /**
   * Calls back for each open socket of these processes, as far as they can be looked into. Rejects
   * where a program cannot be started.
   */
  async list(pids: readonly number[], found: (pid: number, inode: string) => void): Promise<void> {
    const folders = [...pids.map((pid) => `${pid}/fd`), ...(await this.#threadsOf(pids))];
    for (let from = 0; from < folders.length; from += BATCH) {
      await this.#listSome(folders.slice(from, from + BATCH), found);
    }
  }

  close(): void {
    for (const child of this.#running) {
      child.kill('SIGKILL');
    }
  }

  /** The folders of descriptors that are the threads' own. */
  async #threadsOf(pids: readonly number[]): Promise<string[]> {
    const folders: string[] = [];
    const input = pids.map((pid) => `${pid}\n`).join('');
    await this.#run({ program: this.#supervisor, words: ['own-descriptors'], input }, (line) => {
      const [pid, thread] = line.split(' ');
      if (folders.length < MOST_THREADS) {
        folders.push(`${pid}/task/${thread}/fd`);
      }
    });
    return folders;
  }

  /** Processes that end meanwhile are passed over. */
  #listSome(
    folders: readonly string[],
    found: (pid: number, inode: string) => void,
  ): Promise<void> {
    const tests = ['-maxdepth', '1', '-lname', 'socket:*', '-printf', '%h %l\n'];
    return this.#run({ program: this.#find, words: [...folders, ...tests] }, (line) => {
      const [, pid, inode] = OPEN_SOCKET.exec(line) ?? [];
      if (pid !== undefined && inode !== undefined) {
        found(Number(pid), inode);
      }
    });
  }

  #run({ program, words, input = '' }: Run, take: (line: string) => void): Promise<void> {
    const child = spawn(program, [...words], {
      cwd: '/proc',
      env: { LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    this.#running.add(child);
    createInterface(child.stdout).on('line', take);
    // A program that reads nothing, or has ended, tells so by its end.
    child.stdin.on('error', () => undefined).end(input);
    const ended = Promise.withResolvers<void>();
    child.on('error', ended.reject);
    child.on('close', () => ended.resolve());
    return ended.promise.finally(() => this.#running.delete(child));
  }
}

interface Run {
  readonly program: string;
  readonly words: readonly string[];
  readonly input?: string;
}

/** The threads of all processes whose own descriptors are looked at in one round. */
const MOST_THREADS = 20_000;

const OPEN_SOCKET = /^(\d+)(?:\/task\/\d+)?\/fd socket:\[(\d+)\]$/;
