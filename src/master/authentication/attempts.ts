// The attempts to authenticate that are under way. Their number has bounds, of all and of an IP
// address, and at a bound the process that has most of them loses its oldest: whoever begins many
// gets in nobody's way but his own.
import { addressOf, parsePid } from '../../model/pid.ts';

/** An attempt that is under way. */
export interface Handshake {
  /** The id of the master's process for it. */
  readonly id: string;
  /** The pid of the process that answers challenges. */
  readonly peer: string;
  /** The pid that it asks to be authenticated, which has the same address. */
  readonly pid: string;
  /** Undefined before it is sent. */
  challenge: string | undefined;
}

/** Attempts under way, of all and from one IP address. One takes a few milliseconds. */
const MAX_HANDSHAKES = 16_384;
const MAX_HANDSHAKES_OF_IP = 2_048;

/** Those of an IP address. */
interface Place {
  /** By the address (`ip:port`) of the process, the oldest first. */
  readonly byProcess: Map<string, Set<Handshake>>;
  size: number;
}

export class Attempts {
  /** By the id of the master's process. */
  readonly byId = new Map<string, Handshake>();
  /** By the pid that is to be authenticated. */
  readonly byPid = new Map<string, Handshake>();
  private readonly byIp = new Map<string, Place>();

  /** The one that has to end before another one from the IP address can begin, where there is. */
  inTheWay(ip: string): Handshake | undefined {
    const place = this.byIp.get(ip);
    if (place !== undefined && place.size >= MAX_HANDSHAKES_OF_IP) {
      return oldestOf(place);
    }
    return this.byId.size >= MAX_HANDSHAKES
      ? oldestOf(fullest(this.byIp.values(), ({ size }) => size))
      : undefined;
  }

  add(handshake: Handshake): void {
    const { id, pid } = handshake;
    const { ip, address } = placeOf(handshake);
    const place = this.byIp.get(ip) ?? { byProcess: new Map(), size: 0 };
    const ofProcess = place.byProcess.get(address) ?? new Set();
    this.byId.set(id, handshake);
    this.byPid.set(pid, handshake);
    this.byIp.set(ip, place);
    place.byProcess.set(address, ofProcess.add(handshake));
    place.size++;
  }

  remove(handshake: Handshake): void {
    const { id, pid } = handshake;
    const { ip, address } = placeOf(handshake);
    const place = this.byIp.get(ip);
    const ofProcess = place?.byProcess.get(address);
    if (place === undefined || ofProcess?.delete(handshake) !== true) {
      return;
    }
    this.byId.delete(id);
    this.byPid.delete(pid);
    place.size--;
    if (ofProcess.size === 0) {
      place.byProcess.delete(address);
    }
    if (place.size === 0) {
      this.byIp.delete(ip);
    }
  }
}

function placeOf({ peer }: Handshake): { readonly ip: string; readonly address: string } {
  const pid = parsePid(peer);
  return { ip: pid?.host ?? '', address: pid === undefined ? '' : addressOf(pid) };
}

function oldestOf(place: Place | undefined): Handshake | undefined {
  const [oldest] = fullest(place?.byProcess.values() ?? [], ({ size }) => size) ?? [];
  return oldest;
}

/** The first of those that have most. */
function fullest<Item>(items: Iterable<Item>, sizeOf: (item: Item) => number): Item | undefined {
  let found: Item | undefined;
  for (const item of items) {
    if (found === undefined || sizeOf(item) > sizeOf(found)) {
      found = item;
    }
  }
  return found;
}
