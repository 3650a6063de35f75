// The kernel's tables of sockets of this machine's network: those that wait for others.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isAbsence } from '../records/record-file.ts';

/** Ports by the inodes of sockets, which are as the kernel writes them. */
export type WaitingSockets = ReadonlyMap<string, number>;

export interface SocketKind {
  readonly tables: readonly string[];
  /** The kernel's number for those that wait. */
  readonly state: string;
  /** Whether they come first, before what may be many thousands of connections. */
  readonly areFirst: boolean;
}

export const TCP: SocketKind = { tables: ['tcp', 'tcp6'], state: '0A', areFirst: true };
/** One of UDP that is connected with nobody takes what anybody sends. */
export const UDP: SocketKind = { tables: ['udp', 'udp6'], state: '07', areFirst: false };

export async function waitingSockets(kind: SocketKind): Promise<WaitingSockets> {
  const sockets = new Map<string, number>();
  for (const table of kind.tables) {
    try {
      await readTable(table, kind, sockets);
    } catch (error) {
      // IPv6 may be switched off.
      if (!isAbsence(error)) {
        throw error;
      }
    }
  }
  return sockets;
}

async function readTable(
  table: string,
  kind: SocketKind,
  sockets: Map<string, number>,
): Promise<void> {
  const stream = createReadStream(`/proc/self/net/${table}`, 'latin1');
  try {
    let isHeading = true;
    for await (const line of createInterface(stream)) {
      const socket = isHeading ? undefined : waitingSocket(line, kind);
      if (kind.areFirst && !isHeading && socket === undefined) {
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
export function waitingSocket(
  line: string,
  kind: Pick<SocketKind, 'state'>,
): { inode: string; port: number } | undefined {
  const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/ +/);
  const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
  return state === kind.state && Number.isInteger(port) ? { inode, port } : undefined;
}
