// The outgoing connections of Mesos's transport: one for each address, opened by a link or by the
// first message, and shared by all processes there. All messages of a turn leave in one write. If a
// linked connection breaks or cannot be opened, that is reported once; the next link or message
// opens another one. A connection without a link is closed when it has been idle. Responses are
// ignored, but for a refusal of the whole connection.
import type { MessageToAgent, MessageToMaster } from '../../model/agent-messages.ts';
import type { IoTurn } from '../../runtime/io-turn.ts';
import { encodeInternal, encodeLibprocess } from '../../wire/libprocess.ts';
import { newKey } from '../senders/connection-owner.ts';
import type { Dialed, Dialer } from './dialer.ts';
import { PeerPressure, Untaken } from './untaken.ts';

export interface LinksOptions {
  readonly turn: IoTurn;
  readonly dialer: Dialer;
  /** Called when a linked connection has broken or could not be opened. */
  readonly onLost: (address: string, why: string | undefined) => void;
}

/**
 * The most bytes that may wait for one address; beyond that the peer counts as lost. Thousands of
 * agents may share an address, and each may have to be told that a framework ends.
 */
const MAX_PEER_BYTES = 128 * 1024 * 1024;

const CONNECT_TIMEOUT_MS = 10_000;
/** How long `close` waits for a peer to take its messages. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How long a connection without a link stays open after its last message. */
const IDLE_MS = 5_000;

/** What a peer says that takes nothing of this connection: that it speaks TLS, for example. */
const REFUSAL = /^HTTP\/1\.1 400 .*?\r\n\r\n(.+)/s;

export class Links {
  /** Saturated while peers take less than is sent to them. */
  readonly pressure = new PeerPressure();
  readonly #options: LinksOptions;
  readonly #peers = new Map<string, Peer>();
  #closed = false;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** How many connections are open or being opened. */
  get size(): number {
    return this.#peers.size;
  }

  /** Keeps a connection to the address; `onLost` is called once when it is gone. */
  link(address: string): void {
    if (!this.#closed) {
      this.#peer(address).linked = true;
    }
  }

  /** Sends a message; `from` and `to` are pids. The message is lost if the connection is. */
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

  /** Whether this process has opened a connection with this key to this address. */
  opened(key: string, address: string): boolean {
    return this.#peers.get(address)?.key === key;
  }

  /** Sends what waits, then closes all connections. Nothing is reported any more. */
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
        // A later message needs a new connection.
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
  /** Sent with the first message; the receiver asks about the connection by it. */
  readonly key = newKey();
  readonly #socket: Dialed;
  readonly #turn: IoTurn;
  readonly #onGone: (linked: boolean, why: string | undefined) => void;
  /** What went wrong; undefined where the other side closed the connection. */
  #trouble: string | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  readonly #untaken: Untaken;
  #flushAsked = false;
  #connected = false;
  #endsWhenOpen = false;
  #gone = false;
  /** Whether the end of the connection was reported. */
  #told = false;

  constructor(
    address: string,
    { dialer, turn, pressure }: PeerOptions,
    onGone: (linked: boolean, why: string | undefined) => void,
  ) {
    this.#turn = turn;
    this.#onGone = onGone;
    this.#untaken = new Untaken(pressure, () => this.#socket.destroy());
    this.#socket = dialer.dial(address, {
      onOpen: () => this.#onOpen(),
      ignoresInput: true,
      onAnswer: (text) => {
        this.#trouble = REFUSAL.exec(text)?.[1];
      },
    });
    this.#socket.setTimeout(CONNECT_TIMEOUT_MS, this.#onTimeout);
    this.#socket.on('error', (error) => {
      // `close` follows.
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

  /** Closes the connection after everything was sent, or after a timeout. */
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

  /** The connection could not be opened in time, or was idle without a link. */
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

  /** Reports, once, that nothing can be sent on this connection any more. */
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
