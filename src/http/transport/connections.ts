// The connections that a port has accepted: how many there may be, and for how long one may take up
// a descriptor and do nothing. A connection is idle while none of its requests is being answered,
// and a stranger's until the process behind it is known. Where as many are open as there may be,
// idle strangers are ended first, the longest idle before others; where there are none, the newest
// connections of the place that has most. Connections of peers that this process is linked to are
// never ended.
//
// Any process can make itself known, so that proves little: only a few connections of one address
// count as those of its peer.
//
// Clients of Mesos's C++ library open two connections and may say nothing on one of them for days:
// of an address as many silent connections are spared as it has others that are in use.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { placeOf } from './addresses.ts';
import { descriptorLimit, openDescriptors } from './descriptors.ts';
import { REQUEST_STALL_MS, REQUEST_TOTAL_MS } from './limits.ts';

/** What reads a connection tells of it. */
export interface Carrier {
  /** Requests that have come as a whole are being answered; an event stream is an answer, too. */
  readonly isBusy: boolean;
  /** The address of the process behind it, where it is known. */
  readonly peer: string | undefined;
  /**
   * The number of the request that has come in part; undefined: none, or it is not read on for now.
   */
  readonly unfinished: number | undefined;
}

/** Who the peers are. */
export interface Peers {
  /** Whether this process keeps a link to the address. */
  isLinked(address: string): boolean;
  /** Descriptors that the questions who they are take. */
  readonly questions: number;
}

export interface ConnectionBounds {
  /** Connections at most; absent: as many as descriptors can be spared. */
  readonly most?: number | undefined;
  readonly idleMs?: number | undefined;
  readonly stallMs?: number | undefined;
  readonly totalMs?: number | undefined;
  readonly lookMs?: number | undefined;
}

/** An idle connection of a stranger is ended after so long. */
const IDLE_MS = 10 * 60_000;
/** All connections are looked at so often. */
const LOOK_MS = 5_000;

/** Of the process's descriptors, what connections leave for files, tasks and links. */
const RESERVED_SHARE = 1 / 8;
const RESERVED_LEAST = 64;
/** Connections of an address that count as its peer's; of one that is linked, so many. */
const PEER_CONNECTIONS = 4;
const LINKED_CONNECTIONS = 64;
/** A place may always have so many connections in use. */
const PLACE_CONNECTIONS = 16;
/** At the bound, this share of the connections may be ended at once: looking for them costs. */
const ENDED_SHARE = 1 / 64;

interface Entry {
  readonly socket: Socket;
  /** What is read of it: the socket itself, or what it carries encrypted. */
  stream: Duplex;
  /** The IP address. */
  readonly address: string;
  readonly place: string;
  carrier: Carrier;
  /** Bytes read when it was looked at last, and when they had become more. */
  readBytes: number;
  movedMs: number;
  /** The unfinished request seen then, and when it was seen first. */
  request: number | undefined;
  requestMs: number;
}

/** Of the connections, what they are to the bound; the oldest first in each. */
interface Sorted {
  /** In use: streams, answers on their way, the first of each peer. */
  readonly used: Entry[];
  readonly idle: Entry[];
}

const none: Peers = { isLinked: () => false, questions: 0 };

export class Connections {
  /** By their streams. */
  readonly #entries = new Map<Duplex, Entry>();
  readonly #bounds: ConnectionBounds;
  readonly #peers: Peers;
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;
  /** Descriptors in use for other things when it was looked last. */
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
   * Makes room for one more: at the bound idle strangers are ended, the longest idle first, and
   * where there are none the newest of the place that has most. False: no place has many.
   */
  admit(socket: Socket): boolean {
    return this.size < this.#most || this.#makeRoom(placeOf(socket.remoteAddress ?? ''));
  }

  /** Keeps an eye on an admitted connection until it closes. */
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

  /** The connection's bytes come over this stream from now on. */
  secured(socket: Socket, stream: Duplex): void {
    const entry = this.#entries.get(socket);
    if (entry && stream !== socket) {
      this.#entries.delete(socket);
      this.#entries.set(stream, entry);
      entry.stream = stream;
    }
  }

  /** Something else reads the connection from now on. */
  handOver(stream: Duplex, carrier: Carrier): void {
    const entry = this.#entries.get(stream);
    if (entry) {
      entry.carrier = carrier;
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

  /** Counting takes time where there are many; it does not matter while there are few. */
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
    // A place does not give way to another that has as many.
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

  /** Those of linked peers are neither. */
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

/** Those of the place that has most. */
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
