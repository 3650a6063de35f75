// Ports of this machine's network by which its programs are reached: those on which one listens
// over TCP, and those at which one takes what anybody sends over UDP.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { isAbsence } from '../records/record-file.ts';
import { listeningSockets } from './listening-sockets.ts';

/** Of other protocols none are known. */
export async function usedPorts(protocol: string): Promise<ReadonlySet<number>> {
  switch (protocol) {
    case 'tcp':
      return new Set((await listeningSockets()).values());
    case 'udp':
      return new Set([...(await openPorts('udp')), ...(await openPorts('udp6'))]);
    default:
      return new Set();
  }
}

async function openPorts(table: string): Promise<readonly number[]> {
  const ports: number[] = [];
  const stream = createReadStream(`/proc/self/net/${table}`, 'latin1');
  try {
    for await (const line of createInterface(stream)) {
      const port = openPort(line);
      if (port !== undefined) {
        ports.push(port);
      }
    }
  } catch (error) {
    // IPv6 may be switched off.
    if (!isAbsence(error)) {
      throw error;
    }
  } finally {
    stream.destroy();
  }
  return ports;
}

/** The kernel's number for a socket of UDP that is connected with nobody. */
const UNCONNECTED = '07';

/** A line has its number, local and remote address in hexadecimal, state, and more numbers. */
function openPort(line: string): number | undefined {
  const [, local = '', , state] = line.trim().split(/ +/);
  const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
  return state === UNCONNECTED && Number.isInteger(port) ? port : undefined;
}
