// The outgoing connections of one process in Mesos's transport, as in
// src/http/transport/peer-connections.ts: one for each address, opened by a link or by the first
// message; the loss of a linked one is reported once. Messages are sent as bytes, so that no object
// is shared with the other side.
import type { MessageToAgent, MessageToMaster } from '../../src/model/agent-messages.ts';
import { encodeInternal } from '../../src/wire/libprocess.ts';
import { type Channel, CONNECT_TIMEOUT_MS, type Network, type Process } from './network.ts';

/** A process that listens at an address. */
export interface Listener {
  readonly process: Process;
  receive(from: string, to: string, name: string, body: Uint8Array): void;
}

/** The listener of each address; the host of an address never changes. */
export class Addresses {
  readonly #listeners = new Map<string, Listener>();

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
  }

  at(address: string): Listener | undefined {
    const listener = this.#listeners.get(address);
    return listener?.process.alive === true ? listener : undefined;
  }

  hostOf(address: string): string {
    return this.#listeners.get(address)?.process.host ?? address;
  }
}

interface Peer {
  linked: boolean;
  channel: Channel | undefined;
  /** Messages from before the connection was open. */
  readonly early: (() => void)[];
}

export class Links {
  readonly #network: Network;
  readonly #addresses: Addresses;
  readonly #process: Process;
  readonly #onLost: (address: string) => void;
  readonly #peers = new Map<string, Peer>();

  constructor(
    network: Network,
    addresses: Addresses,
    process: Process,
    onLost: (address: string) => void,
  ) {
    this.#network = network;
    this.#addresses = addresses;
    this.#process = process;
    this.#onLost = onLost;
  }

  link(address: string): void {
    this.#peer(address).linked = true;
  }

  send(from: string, to: string, message: MessageToAgent | MessageToMaster): void {
    const bytes = encodeInternal(message);
    const address = to.slice(to.indexOf('@') + 1);
    const peer = this.#peer(address);
    const deliver = () => {
      // Copied, since the decoded message may share the bytes.
      this.#addresses.at(address)?.receive(from, to, message.name, bytes.slice());
    };
    if (peer.channel === undefined) {
      peer.early.push(deliver);
    } else {
      peer.channel.send(deliver);
    }
  }

  #peer(address: string): Peer {
    let peer = this.#peers.get(address);
    if (peer === undefined) {
      peer = { linked: false, channel: undefined, early: [] };
      this.#peers.set(address, peer);
      this.#connect(address, peer);
    }
    return peer;
  }

  #connect(address: string, peer: Peer): void {
    const network = this.#network;
    const isCut = network.isCut(this.#process.host, this.#addresses.hostOf(address));
    network.agenda.after(isCut ? CONNECT_TIMEOUT_MS : network.delay(), () => {
      if (!this.#process.alive) {
        return;
      }
      const listener = this.#addresses.at(address);
      if (isCut || listener === undefined) {
        this.#lost(address, peer);
        return;
      }
      peer.channel = network.channel({
        from: this.#process,
        to: listener.process,
        onSenderLost: () => this.#lost(address, peer),
      });
      for (const deliver of peer.early.splice(0)) {
        peer.channel.send(deliver);
      }
    });
  }

  #lost(address: string, peer: Peer): void {
    if (this.#peers.get(address) === peer) {
      this.#peers.delete(address);
      if (peer.linked) {
        this.#onLost(address);
      }
    }
  }
}
