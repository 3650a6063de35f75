// Outgoing connections of Mesos's transport: one for each address, opened by a link or by the first
// message, shared by all processes there. Messages of a turn leave in one write. When a linked
// connection breaks, or cannot be opened, that is reported once; the next link or message opens
// another. Without a link a connection is closed when it has been idle. Responses are not looked
// at.
import type { MessageToAgent, MessageToMaster } from '../../model/agent-messages.ts';
import type { IoTurn } from '../../runtime/io-turn.ts';
import { encodeInternal, encodeLibprocess } from '../../wire/libprocess.ts';
import { newKey } from '../senders/connection-owner.ts';
import type { Dialed, Dialer } from './dialer.ts';
import { PeerPressure, Untaken } from './untaken.ts';

export interface LinksOptions {
  readonly turn: IoTurn;
  readonly dialer: Dialer;
  /** A linked connection has broken, or could not be opened. */
  readonly onLost: (address: string, why: string | undefined) => void;
}

/**
 * Bytes that may wait for one address; a peer that lets more pile up counts as lost. Thousands of
 * agents may share an address, and each may be told that a framework ends.
 */
const MAX_PEER_BYTES = 128 * 1024 * 1024;

const CONNECT_TIMEOUT_MS = 10_000;
/** How long closing waits for a peer to take what was sent. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How long a connection without a link stays open after its last message. */
const IDLE_MS = 5_000;

export class Links {
  /** Saturated while peers take less than is sent to them. */
  readonly pressure = new PeerPressure();
  readonly #options: LinksOptions;
  readonly #peers = new Map<string, Peer>();
  #closed = false;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#peers.size;
  }

  /** Keeps a connection to the address; `onLost` tells, once, when it is gone. */
  link(address: string): void {
    if (!this.#closed) {
      this.#peer(address).linked = true;
    }
  }

  /** `from` and `to` are pids. The message is lost when the connection is. */
  send(from: string, to: string, message: MessageToAgent | MessageToMaster): void {
    if (this.#closed) {
      return;
    }
    const { name } = message;
    const body = encodeInternal(message);
    const peer = this.#peer(to.slice(to.indexOf('@') + 1));
    const key = peer.hasSent ? undefined : peer.key;
    peer.send(encodeLibprocess({ from, to, name, body, key }));
  }

  /** Whether a link to the address is kept. */
  isLinked(address: string): boolean {
    return this.#peers.get(address)?.linked ?? false;
  }

  /** Whether the connection with this key goes to that address, and was opened here. */
  opened(key: string, address: string): boolean {
    return this.#peers.get(address)?.key === key;
  }

  /** Sends what is waiting, then closes every connection; nothing is reported any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const peers = [...this.#peers.values()];
    this.#peers.clear();
    await Promise.all(peers.map((peer) => peer.close()));
  }

  #peer(address: string): Peer {
    let peer = this.#peers.get(address);
    if (!peer) {
      const { turn, dialer } = this.#options;
      peer = new Peer(address, { dialer, turn, pressure: this.pressure }, (linked, why) => {
        // What is sent from now on needs a new connection.
        if (this.#peers.get(address) === peer) {
          this.#peers.delete(address);
        }
        if (linked) {
          this.#options.onLost(address, why);
        }
      });
      this.#peers.set(address, peer);
    }
    return peer;
  }
}

interface PeerOptions {
  readonly dialer: Dialer;
  readonly turn: IoTurn;
  readonly pressure: PeerPressure;
}

class Peer {
  linked = false;
  hasSent = false;
  /** Goes with the first message; the receiver asks about the connection by it. */
  readonly key = newKey();
  readonly #socket: Dialed;
  readonly #turn: IoTurn;
  readonly #onGone: (linked: boolean, why: string | undefined) => void;
  /** What went wrong; absent: the other side has closed the connection. */
  #trouble: string | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  readonly #untaken: Untaken;
  #flushAsked = false;
  #connected = false;
  #endsWhenOpen = false;
  #gone = false;
  /** Its owner knows that it ends. */
  #told = false;

  constructor(
    address: string,
    { dialer, turn, pressure }: PeerOptions,
    onGone: (linked: boolean, why: string | undefined) => void,
  ) {
    this.#turn = turn;
    this.#onGone = onGone;
    this.#untaken = new Untaken(pressure, () => this.#socket.destroy());
    this.#socket = dialer.dial(address, { onOpen: () => this.#onOpen(), ignoresInput: true });
    this.#socket.setTimeout(CONNECT_TIMEOUT_MS, this.#onTimeout);
    this.#socket.on('error', (error) => {
      // The close event follows.
      this.#trouble = error.message;
    });
    this.#socket.once('close', () => this.#end());
  }

  send(bytes: Uint8Array): void {
    if (this.#gone) {
      return;
    }
    this.hasSent = true;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes + this.#socket.writableLength > MAX_PEER_BYTES) {
      this.#socket.destroy();
      return;
    }
    if (this.#connected && !this.#flushAsked) {
      this.#flushAsked = true;
      this.#turn.atEnd(this.#flush);
    }
  }

  /** Ends the connection after what was sent, or without it where that takes too long. */
  close(): Promise<void> {
    this.#told = true;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.setTimeout(CLOSE_TIMEOUT_MS, () => this.#socket.destroy());
    if (this.#connected) {
      this.#flush();
      this.#socket.end();
    } else if (this.#queue.length === 0) {
      this.#socket.destroy();
    } else {
      this.#endsWhenOpen = true;
    }
    return closed;
  }

  readonly #flush = () => {
    this.#flushAsked = false;
    const [first] = this.#queue;
    if (first === undefined || this.#socket.destroyed) {
      return;
    }
    const bytes = this.#queue.length === 1 ? first : Buffer.concat(this.#queue, this.#queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#untaken.add(bytes.length);
    this.#socket.write(bytes, () => {
      if (!this.#socket.destroyed) {
        this.#untaken.taken(bytes.length);
      }
    });
  };

  #onOpen(): void {
    this.#connected = true;
    this.#socket.setTimeout(IDLE_MS);
    this.#flush();
    if (this.#endsWhenOpen) {
      this.#socket.end();
    }
  }

  /** The connection could not be opened in time, or has been idle without a link. */
  readonly #onTimeout = () => {
    if (!this.#connected) {
      this.#trouble = `no answer to connect within ${CONNECT_TIMEOUT_MS / 1000}secs`;
      this.#socket.destroy();
    } else if (this.linked) {
      this.#socket.setTimeout(0);
    } else if (this.#socket.writableLength === 0 && this.#queue.length === 0) {
      this.#leave();
      this.#socket.end();
    }
  };

  /** Tells the owner, once, that nothing can be sent here any more. */
  #leave(): void {
    this.#gone = true;
    if (!this.#told) {
      this.#told = true;
      this.#onGone(this.linked, this.#trouble);
    }
  }

  #end(): void {
    this.#queue = [];
    this.#leave();
    this.#untaken.end();
  }
}
