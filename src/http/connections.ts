// The connections that a port has accepted: how many there may be, and for how long one may take up a
// descriptor and do nothing. A connection is a stranger's until it is known who is behind it, and idle
// while none of its requests is being answered. Peers and event streams are never ended here.
//
// Clients of Mesos's C++ library open two connections and may say nothing on one of them for days: as
// many silent connections of an address are spared as it has others that are in use.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { descriptorLimit, openDescriptors } from './descriptors.ts';
import { serviceUnavailable } from './errors.ts';
import { answerText } from './refusal.ts';

/** What reads a connection tells of it. */
export interface Carrier {
  /** Requests that have come as a whole are being answered; an event stream is an answer, too. */
  readonly isBusy: boolean;
  /** It is known which process is behind it. */
  readonly isPeer: boolean;
  /** The number of the request that has come in part; undefined: none, or it is not read on for now. */
  readonly unfinished: number | undefined;
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
/** A request of which nothing comes for so long ends its connection. */
const STALL_MS = 60_000;
/** A request that takes longer to come ends its connection. */
const TOTAL_MS = 5 * 60_000;
/** All connections are looked at so often. */
const LOOK_MS = 5_000;

/** Of the process's descriptors, what connections leave for files, tasks and links. */
const RESERVED_SHARE = 1 / 8;
const RESERVED_LEAST = 64;
/** At the bound, this share of the connections may be ended at once: looking for them costs. */
const ENDED_SHARE = 1 / 64;

interface Entry {
  readonly socket: Socket;
  readonly address: string;
  carrier: Carrier;
  /** Bytes read when it was looked at last, and when they had become more. */
  readBytes: number;
  movedMs: number;
  /** The unfinished request seen then, and when it was seen first. */
  request: number | undefined;
  requestMs: number;
}

const tooMany = answerText({
  ...serviceUnavailable(`503 ${STATUS_CODES[503]}. Too many connections are open.`),
  headers: { Connection: 'close' },
});

export class Connections {
  readonly #entries = new Map<Socket, Entry>();
  readonly #bounds: ConnectionBounds;
  readonly #limit: number;
  readonly #timer: NodeJS.Timeout;
  /** Descriptors in use for other things when it was looked last. */
  #otherDescriptors = 0;

  constructor(bounds: ConnectionBounds = {}) {
    this.#bounds = bounds;
    this.#limit = descriptorLimit();
    this.#timer = setInterval(() => this.#look(), bounds.lookMs ?? LOOK_MS).unref();
    this.#countOthers();
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Makes room for one more: at the bound idle strangers are ended, the longest idle first. False: there
   * are none, and the connection has been ended with 503.
   */
  admit(socket: Socket): boolean {
    if (this.size >= this.#most && this.#endIdle(performance.now()) === 0) {
      socket.on('error', () => {
        // It is ended anyway.
      });
      socket.write(tooMany, 'latin1');
      socket.destroySoon();
      return false;
    }
    return true;
  }

  /** Keeps an eye on an admitted connection until it closes. */
  add(socket: Socket, carrier: Carrier): void {
    const now = performance.now();
    this.#entries.set(socket, {
      socket,
      address: socket.remoteAddress ?? '',
      carrier,
      readBytes: 0,
      movedMs: now,
      request: undefined,
      requestMs: now,
    });
    socket.once('close', () => this.#entries.delete(socket));
  }

  /** Something else reads the connection from now on. */
  handOver(socket: Socket, carrier: Carrier): void {
    const entry = this.#entries.get(socket);
    if (entry) {
      entry.carrier = carrier;
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#entries.keys()) {
      socket.destroy();
    }
  }

  get #most(): number {
    if (this.#bounds.most !== undefined) {
      return this.#bounds.most;
    }
    const reserved = Math.max(RESERVED_LEAST, Math.ceil(this.#limit * RESERVED_SHARE));
    return Math.max(1, this.#limit - reserved - this.#otherDescriptors);
  }

  /** Counting takes time where there are many; it does not matter while there are few. */
  #countOthers(): void {
    if (this.#bounds.most === undefined && this.size >= this.#limit / 4) {
      this.#otherDescriptors = Math.max(0, openDescriptors() - this.size);
    }
  }

  #look(): void {
    const now = performance.now();
    this.#countOthers();
    const { idleMs = IDLE_MS, stallMs = STALL_MS, totalMs = TOTAL_MS } = this.#bounds;
    for (const entry of this.#entries.values()) {
      observe(entry, now);
      if (entry.request !== undefined) {
        if (now - entry.movedMs > stallMs || now - entry.requestMs > totalMs) {
          entry.socket.destroy();
        }
      }
    }
    for (const entry of this.#idleStrangers()) {
      if (now - entry.movedMs > idleMs) {
        entry.socket.destroy();
      }
    }
  }

  /** Ends some of the connections that have been idle for the longest; returns how many. */
  #endIdle(now: number): number {
    for (const entry of this.#entries.values()) {
      observe(entry, now);
    }
    const idle = this.#idleStrangers().sort((a, b) => a.movedMs - b.movedMs);
    const ended = idle.slice(0, Math.max(1, Math.floor(this.size * ENDED_SHARE)));
    for (const { socket } of ended) {
      socket.destroy();
      this.#entries.delete(socket);
    }
    return ended.length;
  }

  #idleStrangers(): Entry[] {
    const spared = new Map<string, number>();
    const strangers: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.carrier.isBusy || entry.carrier.isPeer) {
        spared.set(entry.address, (spared.get(entry.address) ?? 0) + 1);
      } else {
        strangers.push(entry);
      }
    }
    return strangers.filter(({ address }) => {
      const left = spared.get(address) ?? 0;
      spared.set(address, left - 1);
      return left <= 0;
    });
  }
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
