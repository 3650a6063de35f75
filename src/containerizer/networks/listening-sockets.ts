// The TCP sockets of this machine's network on which somebody listens, and which of some processes
// have them open.
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isAbsence } from '../records/record-file.ts';

/** Ports by the inodes of sockets, which are as the kernel writes them. */
export type ListeningSockets = ReadonlyMap<string, number>;

/** IPv6 may be switched off. */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
const LISTENING = '0A';

export async function listeningSockets(): Promise<ListeningSockets> {
  const sockets = new Map<string, number>();
  for (const table of TABLES) {
    try {
      await readTable(table, sockets);
    } catch (error) {
      if (!isAbsence(error)) {
        throw error;
      }
    }
  }
  return sockets;
}

/** The kernel names those that listen first, before what may be many thousands of connections. */
async function readTable(table: string, sockets: Map<string, number>): Promise<void> {
  const stream = createReadStream(table, 'latin1');
  try {
    let isHeading = true;
    for await (const line of createInterface(stream)) {
      const socket = isHeading ? undefined : listeningSocket(line);
      if (!isHeading && socket === undefined) {
        return;
      }
      isHeading = false;
      if (socket !== undefined) {
        sockets.set(socket.inode, socket.port);
      }
    }
  } finally {
    stream.destroy();
  }
}

/** A line has its number, local and remote address in hexadecimal, state, and more numbers. */
export function listeningSocket(line: string): { inode: string; port: number } | undefined {
  const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/ +/);
  const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
  return state === LISTENING && Number.isInteger(port) ? { inode, port } : undefined;
}

/** Processes whose open files are listed by one program: a command line has its limits. */
const BATCH = 2_000;
const LONGEST_MS = 60_000;

/**
 * Lists the open sockets of processes by the program find: a process may have a million files open.
 */
export class OpenSockets {
  readonly #find: string;
  readonly #running = new Set<ChildProcess>();

  constructor(find: string) {
    this.#find = find;
  }

  /** Calls back for each open socket of these processes, as far as they can be looked into. */
  async list(pids: readonly number[], found: (pid: number, inode: string) => void): Promise<void> {
    for (let from = 0; from < pids.length; from += BATCH) {
      await this.#listSome(pids.slice(from, from + BATCH), found);
    }
  }

  close(): void {
    for (const child of this.#running) {
      child.kill('SIGKILL');
    }
  }

  /** Processes that end meanwhile are passed over. Rejects where the program cannot be started. */
  #listSome(pids: readonly number[], found: (pid: number, inode: string) => void): Promise<void> {
    const folders = pids.map((pid) => `${pid}/fd`);
    const tests = ['-maxdepth', '1', '-lname', 'socket:*', '-printf', '%h %l\n'];
    const child = spawn(this.#find, [...folders, ...tests], {
      cwd: '/proc',
      env: { LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    this.#running.add(child);
    createInterface(child.stdout).on('line', (line) => {
      const [, pid, inode] = OPEN_SOCKET.exec(line) ?? [];
      if (pid !== undefined && inode !== undefined) {
        found(Number(pid), inode);
      }
    });
    const ended = Promise.withResolvers<void>();
    child.on('error', ended.reject);
    child.on('close', () => ended.resolve());
    return ended.promise.finally(() => this.#running.delete(child));
  }
}

const OPEN_SOCKET = /^(\d+)\/fd socket:\[(\d+)\]$/;
