// Ports of this machine's network by which its programs are reached: those on which one listens
// over TCP, and those at which one takes what anybody sends over UDP.
import { TCP, UDP, waitingSockets } from './socket-tables.ts';

const KINDS = new Map([
  ['tcp', TCP],
  ['udp', UDP],
]);

/** Of other protocols none are known. */
export async function usedPorts(protocol: string): Promise<ReadonlySet<number>> {
  const kind = KINDS.get(protocol);
  return new Set(kind === undefined ? [] : (await waitingSockets(kind)).values());
}
