// The accepted connections of a port: how many there may be, and how long one may stay idle. A
// connection is idle while none of its requests is being answered, and a stranger's while the
// process behind it is unknown. At the bound, idle strangers are closed first, the longest idle
// before others; if there are none, the newest connections of the place with most. Connections of
// linked peers are never closed.
//
// Any process can make itself known, so that is worth little: only a few connections of an address
// count as its peer's.
//
// Clients of Mesos's C++ library open two connections, and one of them may be silent for days: for
// each connection in use, one silent connection of the same address is spared.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { placeOf } from '../../model/origin.ts';
import type { HttpResponse } from '../server/response.ts';
import { descriptorLimit, openDescriptors } from './descriptors.ts';
import { REQUEST_STALL_MS, REQUEST_TOTAL_MS } from './limits.ts';

/** What the reader of a connection tells about it. */
export interface Carrier {
  /** Whether a complete request is being answered; an event stream is an answer, too. */
  readonly isBusy: boolean;
  /** The address of the process behind the connection, if it is known. */
  readonly peer: string | undefined;
  /**
   * The number of the incomplete request; undefined where there is none, or reading has stopped.
   */
  readonly unfinished: number | undefined;
  /**
   * Answers so each request whose answer has not left, and ends the connection then; absent where
   * requests are answered one by one.
   */
  refuse?(answer: HttpResponse): void;
}

/** What is known of peers. */
export interface Peers {
  /** Whether this process keeps a link to the address. */
  isLinked(address: string): boolean;
  /** How many descriptors questions about senders use. */
  readonly questions: number;
}

export interface ConnectionBounds {
  /** The most connections; by default as many as descriptors can be spared. */
  readonly most?: number | undefined;
  readonly idleMs?: number | undefined;
  readonly stallMs?: number | undefined;
  readonly totalMs?: number | undefined;
  readonly lookMs?: number | undefined;
}

/** An idle connection of a stranger is closed after this long. */
const IDLE_MS = 10 * 60_000;
/** How often all connections are looked at. */
const LOOK_MS = 5_000;

/** The part of the process's descriptors that is reserved for files, tasks and links. */
const RESERVED_SHARE = 1 / 8;
const RESERVED_LEAST = 64;
/** How many connections of an address count as its peer's; and how many of a linked address. */
const PEER_CONNECTIONS = 4;
const LINKED_CONNECTIONS = 64;
/** A place may always have this many connections in use. */
const PLACE_CONNECTIONS = 16;
/**
 * At the bound, up to this part of the connections is closed at once, since finding them is costly.
 */
const ENDED_SHARE = 1 / 64;

interface Entry {
  readonly socket: Socket;
  /** What is read: the socket, or the decrypted stream on it. */
  stream: Duplex;
  /** The IP address. */
  readonly address: string;
  readonly place: string;
  carrier: Carrier;
  /** How many bytes were read at the last look, and when that number last grew. */
  readBytes: number;
  movedMs: number;
  /** The incomplete request at the last look, and when it was first seen. */
  request: number | undefined;
  requestMs: number;
}

/** The connections by their rank at the bound; in each list the oldest is first. */
interface Sorted {
  /** In use: event streams, requests being answered, the first connections of each peer. */
  readonly used: Entry[];
  readonly idle: Entry[];
}

const none: Peers = { isLinked: () => false, questions: 0 };

export class Connections {
  /** By stream. */
  readonly #entries = new Map<Duplex, Entry>();
  readonly #bounds: ConnectionBounds;
  readonly #peers: Peers;
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;
  /** How many descriptors were used for other things at the last count. */
  #otherDescriptors = 0;

  constructor(bounds: ConnectionBounds = {}, peers: Peers = none) {
    this.#bounds = bounds;
    this.#peers = peers;
    this.#limit = descriptorLimit();
    this.#timer = setInterval(() => this.#look(), bounds.lookMs ?? LOOK_MS).unref();
    this.#countOthers();
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Makes room for one more connection: at the bound closes idle strangers, the longest idle first,
   * or else the newest connections of the place with most. False where no place has many.
   */
  admit(socket: Socket): boolean {
    return this.size < this.#most || this.#makeRoom(placeOf(socket.remoteAddress ?? ''));
  }

  /** Watches an accepted connection until it closes. */
  add(socket: Socket, carrier: Carrier): void {
    const now = performance.now();
    const entry: Entry = {
      socket,
      stream: socket,
      address: socket.remoteAddress ?? '',
      place: placeOf(socket.remoteAddress ?? ''),
      carrier,
      readBytes: 0,
      movedMs: now,
      request: undefined,
      requestMs: now,
    };
    this.#entries.set(socket, entry);
    socket.once('close', () => this.#entries.delete(entry.stream));
  }

  /** The connection's bytes come from this stream from now on. */
  secured(socket: Socket, stream: Duplex): void {
    const entry = this.#entries.get(socket);
    if (entry && stream !== socket) {
      this.#entries.delete(socket);
      this.#entries.set(stream, entry);
      entry.stream = stream;
    }
  }

  /** Another reader has the connection from now on. */
  handOver(stream: Duplex, carrier: Carrier): void {
    const entry = this.#entries.get(stream);
    if (entry) {
      entry.carrier = carrier;
    }
  }

  /** Has each request refused whose answer has not left. */
  refuse(answer: HttpResponse): void {
    for (const { carrier } of [...this.#entries.values()]) {
      carrier.refuse?.(answer);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const stream of this.#entries.keys()) {
      stream.destroy();
    }
  }

  get #most(): number {
    if (this.#bounds.most !== undefined) {
      return this.#bounds.most;
    }
    const reserved = Math.max(RESERVED_LEAST, Math.ceil(this.#limit * RESERVED_SHARE));
    const others = this.#otherDescriptors + this.#peers.questions;
    return Math.max(1, this.#limit - reserved - others);
  }

  /** Counting is slow where there are many, and not needed while there are few. */
  #countOthers(): void {
    if (this.#bounds.most === undefined && this.size >= this.#limit / 4) {
      const others = openDescriptors() - this.size - this.#peers.questions;
      this.#otherDescriptors = Math.max(0, others);
    }
  }

  #look(): void {
    const now = performance.now();
    this.#countOthers();
    const {
      idleMs = IDLE_MS,
      stallMs = REQUEST_STALL_MS,
      totalMs = REQUEST_TOTAL_MS,
    } = this.#bounds;
    for (const entry of this.#entries.values()) {
      observe(entry, now);
      if (entry.request !== undefined) {
        if (now - entry.movedMs > stallMs || now - entry.requestMs > totalMs) {
          entry.stream.destroy();
        }
      }
    }
    for (const entry of this.#sort().idle) {
      if (now - entry.movedMs > idleMs) {
        entry.stream.destroy();
      }
    }
  }

  #makeRoom(newcomer: string): boolean {
    const now = performance.now();
    for (const entry of this.#entries.values()) {
      observe(entry, now);
    }
    const { idle, used } = this.#sort();
    const ended = Math.max(1, Math.floor(this.size * ENDED_SHARE));
    if (idle.length > 0) {
      idle.sort((a, b) => a.movedMs - b.movedMs);
      this.#end(idle.slice(0, ended));
      return true;
    }
    const most = largest(used);
    // A place is not cut for another that has as many connections.
    const own = used.filter(({ place }) => place === newcomer).length;
    const isOwn = most[0]?.place === newcomer;
    const spared = isOwn ? PLACE_CONNECTIONS : Math.max(PLACE_CONNECTIONS, own);
    if (most.length <= spared) {
      return false;
    }
    this.#end(most.slice(Math.max(spared, most.length - ended)));
    return true;
  }

  #end(entries: readonly Entry[]): void {
    for (const { stream } of entries) {
      stream.destroy();
      this.#entries.delete(stream);
    }
  }

  /** Sorts the connections, without those of linked peers. */
  #sort(): Sorted {
    const spared = new Map<string, number>();
    const ofPeer = new Map<string, number>();
    const used: Entry[] = [];
    const rest: Entry[] = [];
    for (const entry of this.#entries.values()) {
      const { peer, isBusy } = entry.carrier;
      const count = peer === undefined ? 0 : (ofPeer.get(peer) ?? 0) + 1;
      const isLinked = peer !== undefined && this.#peers.isLinked(peer);
      const isPeer = count > 0 && count <= (isLinked ? LINKED_CONNECTIONS : PEER_CONNECTIONS);
      if (peer !== undefined) {
        ofPeer.set(peer, count);
      }
      if (isPeer || isBusy) {
        spared.set(entry.address, (spared.get(entry.address) ?? 0) + 1);
      } else {
        rest.push(entry);
      }
      if (!(isPeer && isLinked) && (isPeer || isBusy)) {
        used.push(entry);
      }
    }
    const idle = rest.filter(({ address }) => {
      const left = spared.get(address) ?? 0;
      spared.set(address, left - 1);
      return left <= 0;
    });
    return { used, idle };
  }
}

/** The connections of the place with most. */
function largest(entries: readonly Entry[]): readonly Entry[] {
  const places = new Map<string, Entry[]>();
  let most: Entry[] = [];
  for (const entry of entries) {
    const place = places.get(entry.place) ?? [];
    places.set(entry.place, place);
    place.push(entry);
    if (place.length > most.length) {
      most = place;
    }
  }
  return most;
}

function observe(entry: Entry, now: number): void {
  const { bytesRead } = entry.socket;
  const { isBusy, unfinished } = entry.carrier;
  const isAnother = unfinished !== entry.request;
  if (isBusy || isAnother || bytesRead !== entry.readBytes) {
    entry.readBytes = bytesRead;
    entry.movedMs = now;
  }
  if (isAnother) {
    entry.request = unfinished;
    entry.requestMs = now;
  }
}
