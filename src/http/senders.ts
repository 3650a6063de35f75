// Who sends the messages of a connection. The pid in a message's header is a claim that anybody can
// make, so the process at the claimed address is asked whether the connection is its own: ours tell,
// and then neither the sender's network address nor a stranger on the same machine matters. Processes
// of Apache Mesos cannot tell; theirs must come from the address that their pid names, as with
// libprocess's require_peer_address_ip_match. Messages wait here until it is known.
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { addressOf, parsePid } from '../model/pid.ts';
import type { Logger } from '../runtime/logger.ts';
import { askOwner } from './connection-owner.ts';
import { Mentioned } from './mentioned.ts';

export interface SendersOptions {
  /** False: every claim is believed. */
  readonly isChecked: boolean;
  /** `ip:port` under which other processes reach this one. */
  readonly ownAddress: () => string;
  readonly logger: Logger;
}

type Verdict = boolean | 'later';

/** What a message's header says of its sender. */
export interface Claim {
  readonly from: string;
  /** The connection's key, on the first message of a connection of ours. */
  readonly key: string | undefined;
}

/** Questions at once; messages of those that cannot be asked about are dropped, the next ask again. */
const MAX_QUESTIONS = 4_096;
/** Bytes of messages, of all connections together, that may wait for answers. */
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** Addresses that one connection may speak for. */
const MAX_ADDRESSES = 64;
/** Addresses of which it is remembered that a process of ours is there. */
const MAX_SPEAKERS = 100_000;
/** Characters of a claim that the log shows. */
const MAX_SHOWN = 100;

export class Senders {
  readonly #options: SendersOptions;
  /** Addresses whose process can tell which connections are its own. */
  readonly #speakers = new Set<string>();
  readonly #mentioned = new Mentioned();
  #questions = 0;
  heldBytes = 0;

  constructor(options: SendersOptions) {
    this.#options = options;
  }

  /** The sender behind a connection that comes from this IP address. */
  of(ip: string | undefined): Sender {
    return new Sender(this, plainIp(ip ?? ''));
  }

  get isChecked(): boolean {
    return this.#options.isChecked;
  }

  /** Whether the process at the claimed address has opened the connection; `later`: not known yet. */
  async judge(ip: string, { from, key }: Claim): Promise<Verdict> {
    const pid = parsePid(from);
    if (pid === undefined || !isIPv4(pid.host)) {
      return this.#refuse(ip, from, 'it is no pid (id@ip:port)');
    }
    const isNear = pid.host === ip || (isOwn(pid.host) && isOwn(ip));
    if (!isNear && key === undefined) {
      return this.#refuse(ip, from, elsewhere);
    }
    if (this.#questions >= MAX_QUESTIONS) {
      this.#refuse(ip, from, 'too many senders are being asked about');
      return 'later';
    }
    this.#questions++;
    const address = addressOf(pid);
    const to = this.#options.ownAddress();
    const answer = await askOwner(address, { key: key ?? '', to });
    this.#questions--;
    const wasSpeaker = this.#speakers.has(address);
    switch (answer) {
      case 'mine':
        this.#remember(address);
        return true;
      case 'not mine':
        this.#remember(address);
        return this.#refuse(ip, from, `that process did not open the connection to ${to}`);
      case 'silence':
        if (wasSpeaker) {
          this.#refuse(ip, from, 'that process does not answer whether it is its own');
          return 'later';
        }
        return isNear || this.#refuse(ip, from, elsewhere);
      case 'other':
        this.#speakers.delete(address);
        return isNear || this.#refuse(ip, from, elsewhere);
    }
  }

  refuseHeld(ip: string, from: string): void {
    this.#refuse(ip, from, 'too much is waiting for the question who sends it');
  }

  #remember(address: string): void {
    this.#speakers.add(address);
    if (this.#speakers.size > MAX_SPEAKERS) {
      for (const oldest of this.#speakers) {
        this.#speakers.delete(oldest);
        break;
      }
    }
  }

  #refuse(ip: string, from: string, why: string): false {
    if (this.#mentioned.isNew(`${ip} ${from.slice(0, MAX_SHOWN)} ${why}`)) {
      this.#options.logger.warn(
        `Dropping messages in the name of '${from.slice(0, MAX_SHOWN)}' from ${ip}: ${why}`,
      );
    }
    return false;
  }
}

const elsewhere =
  'they come from another address than its own (a sender on a machine with several addresses or ' +
  'behind NAT needs --no-require_peer_address_ip_match here)';

interface Held {
  readonly claim: Claim;
  readonly bytes: number;
  readonly deliver: () => void;
}

/** One connection's sender. Messages keep their order. */
export class Sender {
  readonly #senders: Senders;
  readonly #ip: string;
  /** By claimed address; absent: the question is out. */
  readonly #known = new Map<string, boolean>();
  readonly #held: Held[] = [];
  /** From the connection's first message. */
  #key: string | undefined;
  #isAsking = false;
  #isKnown = false;
  #resume: (() => void) | undefined;

  constructor(senders: Senders, ip: string) {
    this.#senders = senders;
    this.#ip = ip;
  }

  /** True while messages wait: the connection should not be read meanwhile. */
  get isAwaited(): boolean {
    return this.#isAsking;
  }

  /** Whether a message has been believed to come from who it says. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  whenKnown(resume: () => void): void {
    this.#resume = resume;
  }

  /** Delivers a message of so many bytes: now, when its sender is known, or never. */
  admit(claim: Claim, bytes: number, deliver: () => void): void {
    if (!this.#senders.isChecked) {
      this.#isKnown = true;
      deliver();
      return;
    }
    this.#key ??= claim.key;
    const known = this.#isAsking ? undefined : this.#known.get(addressIn(claim.from));
    if (known === true) {
      deliver();
    } else if (known === undefined) {
      this.#hold({ claim, bytes, deliver });
    }
  }

  #hold(message: Held): void {
    if (this.#senders.heldBytes + message.bytes > MAX_HELD_BYTES) {
      this.#senders.refuseHeld(this.#ip, message.claim.from);
      return;
    }
    this.#senders.heldBytes += message.bytes;
    this.#held.push(message);
    if (!this.#isAsking) {
      this.#isAsking = true;
      void this.#settle();
    }
  }

  async #judge(from: string): Promise<Verdict> {
    return this.#known.size < MAX_ADDRESSES
      ? this.#senders.judge(this.#ip, { from, key: this.#key })
      : 'later';
  }

  /** Goes through what is held, in order, and asks about every address that is new. */
  async #settle(): Promise<void> {
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      const { claim, bytes, deliver } = next;
      const address = addressIn(claim.from);
      const verdict = this.#known.get(address) ?? (await this.#judge(claim.from));
      if (verdict !== 'later') {
        this.#known.set(address, verdict);
      }
      this.#senders.heldBytes -= bytes;
      if (verdict === true) {
        this.#isKnown = true;
        deliver();
      }
    }
    this.#isAsking = false;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }
}

const addressIn = (pid: string) => pid.slice(pid.indexOf('@') + 1);

/** Node writes IPv4 addresses of a socket that listens for both kinds as IPv6. */
const plainIp = (ip: string) => (ip.startsWith('::ffff:') ? ip.slice('::ffff:'.length) : ip);

/** An address of this machine: each of its processes may send from any of them. */
function isOwn(ip: string): boolean {
  return (
    ip.startsWith('127.') ||
    Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === ip))
  );
}
