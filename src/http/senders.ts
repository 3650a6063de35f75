// Who sends the messages of a connection. The pid in a message's header is a claim that anybody can
// make, so the process at the claimed address is asked whether the connection is its own: ours tell,
// and then neither the sender's network address nor a stranger on the same machine matters. Processes
// of Apache Mesos cannot tell; theirs must come from the address that their pid names, as with
// libprocess's require_peer_address_ip_match. Messages wait here, as they came, until it is known.
import { isIPv4 } from 'node:net';
import { addressOf, parsePid } from '../model/pid.ts';
import type { Logger } from '../runtime/logger.ts';
import { isOwn, placeOf, plainIp } from './addresses.ts';
import { isKey, type OwnerAnswer } from './connection-owner.ts';
import { descriptorLimit } from './descriptors.ts';
import { Mentioned } from './mentioned.ts';
import { type Pending, Questions } from './questions.ts';
import { type Waiter, WaitingMessages } from './waiting-messages.ts';

export interface SendersOptions {
  /** False: every claim is believed. */
  readonly isChecked: boolean;
  /** `ip:port` under which other processes reach this one. */
  readonly ownAddress: () => string;
  /** Whether this process keeps a link to the address: to an agent of its own, or to its master. */
  readonly isLinked?: ((address: string) => boolean) | undefined;
  readonly logger: Logger;
}

type Verdict = boolean | 'later';

/** What a message's header says of its sender. */
export interface Claim {
  readonly from: string;
  /** The connection's key, on the first message of a connection of ours. */
  readonly key: string | undefined;
}

/**
 * Questions at once, of strangers and again of those that are linked. More would not be answered sooner: in
 * the second that each has at least, ten thousand agents that come at once must be ahead of this.
 */
const MAX_QUESTIONS = 256;
/** As many of the process's descriptors may be questions of either. */
const QUESTIONS_SHARE = 1 / 16;
const MIN_QUESTIONS = 32;
/** Addresses that one connection may speak for: a process has one. */
const MAX_ADDRESSES = 4;
/** Bytes that wait of one connection; it is not read on meanwhile. */
const MAX_AHEAD_BYTES = 64 * 1024;
/** What a message takes besides its body. */
const MESSAGE_BYTES = 512;
/** Addresses of which it is remembered that a process of ours is there. */
const MAX_SPEAKERS = 100_000;
/** How long an answer is waited for by what a connection sent that has closed. */
const CLOSED_GRACE_MS = 1_000;
/** Characters of a claim that the log shows. */
const MAX_SHOWN = 100;

export class Senders {
  readonly waiting = new WaitingMessages();
  readonly #options: SendersOptions;
  /** Addresses whose process can tell which connections are its own. */
  readonly #speakers = new Set<string>();
  readonly #mentioned = new Mentioned();
  readonly #strangers: Questions;
  /** Agents and masters that are known here: strangers don't take their turn. */
  readonly #linked: Questions;

  constructor(options: SendersOptions) {
    this.#options = options;
    const share = Math.floor(descriptorLimit() * QUESTIONS_SHARE);
    const most = Math.min(MAX_QUESTIONS, Math.max(MIN_QUESTIONS, share));
    this.#strangers = new Questions(most);
    this.#linked = new Questions(most);
  }

  /** The sender behind a connection that comes from this IP address. */
  of(ip: string | undefined): Sender {
    return new Sender(this, plainIp(ip ?? ''));
  }

  get isChecked(): boolean {
    return this.#options.isChecked;
  }

  /** Descriptors that questions have now. */
  get questions(): number {
    return this.#strangers.running + this.#linked.running;
  }

  isLinked(address: string): boolean {
    return this.#options.isLinked?.(address) ?? false;
  }

  /** With whom a claim takes turns. */
  laneOf(ip: string, address: string): string {
    return this.isLinked(address) ? address : placeOf(ip);
  }

  /**
   * Whether the process at the claimed address has opened the connection; `later`: not known yet. `pending`
   * gets the question that is waited for.
   */
  async judge(ip: string, { from, key }: Claim, pending: (of: Pending) => void): Promise<Verdict> {
    const pid = parsePid(from);
    if (pid === undefined || !isIPv4(pid.host)) {
      return this.refuse(ip, from, 'it is no pid (id@ip:port)');
    }
    const isNear = pid.host === ip || (isOwn(pid.host) && isOwn(ip));
    if (!isNear && key === undefined) {
      return this.refuse(ip, from, elsewhere);
    }
    const address = addressOf(pid);
    const to = this.#options.ownAddress();
    const questions = this.isLinked(address) ? this.#linked : this.#strangers;
    const question = { address, key: key ?? '', to };
    const answer = await new Promise<OwnerAnswer>((resolve) => {
      const asked = questions.ask(this.laneOf(ip, address), question, resolve);
      pending({
        leave: () => {
          asked.leave();
          resolve('unclear');
        },
      });
    });
    switch (answer) {
      case 'mine':
        this.#remember(address);
        return true;
      case 'not mine':
        this.#remember(address);
        return this.refuse(ip, from, `that process did not open the connection to ${to}`);
      case 'nobody':
        if (this.#speakers.has(address)) {
          this.refuse(ip, from, unclear);
          return 'later';
        }
        return isNear || this.refuse(ip, from, elsewhere);
      case 'other':
        this.#speakers.delete(address);
        return isNear || this.refuse(ip, from, elsewhere);
      case 'unclear':
        this.refuse(ip, from, unclear);
        return 'later';
    }
  }

  refuse(ip: string, from: string, why: string): false {
    if (this.#mentioned.isNew(`${ip} ${from.slice(0, MAX_SHOWN)} ${why}`)) {
      this.#options.logger.warn(
        `Dropping messages in the name of '${from.slice(0, MAX_SHOWN)}' from ${ip}: ${why}`,
      );
    }
    return false;
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
}

const elsewhere =
  'they come from another address than its own (a sender on a machine with several addresses or ' +
  'behind NAT needs --no-require_peer_address_ip_match here)';
const unclear = 'that process does not answer whether it is its own; it will be asked again';

interface Held {
  readonly claim: Claim;
  readonly body: Uint8Array;
  readonly deliver: (body: Uint8Array) => void;
}

/** One connection's sender. Messages keep their order. */
export class Sender implements Waiter {
  readonly #senders: Senders;
  readonly #ip: string;
  /** By claimed address; absent: it is to be asked about. */
  readonly #known = new Map<string, boolean>();
  /** Addresses that have been asked about. */
  readonly #asked = new Set<string>();
  /** Asked about just now, and not told: what has come already is not asked about again. */
  readonly #unclear = new Set<string>();
  #held: Held[] = [];
  #heldBytes = 0;
  /** Of the connection, and the address that it was said for: for others it says nothing. */
  #key: { readonly key: string; readonly address: string } | undefined;
  #lane = '';
  #pending: Pending | undefined;
  #isAsking = false;
  #isClosed = false;
  #end: NodeJS.Timeout | undefined;
  #address: string | undefined;
  #resume: (() => void) | undefined;

  constructor(senders: Senders, ip: string) {
    this.#senders = senders;
    this.#ip = ip;
  }

  /** True while so much waits that the connection should not be read on. */
  get isAwaited(): boolean {
    return this.#isAsking && this.#heldBytes >= MAX_AHEAD_BYTES;
  }

  /** The address in whose name a message has been believed first. */
  get address(): string | undefined {
    return this.#address;
  }

  whenKnown(resume: () => void): void {
    this.#resume = resume;
  }

  /** Delivers a message: now, when its sender is known, or never. The body is copied where it waits. */
  admit(claim: Claim, body: Uint8Array, deliver: (body: Uint8Array) => void): void {
    const address = addressIn(claim.from);
    if (!this.#senders.isChecked) {
      this.#address ??= address;
      deliver(body);
      return;
    }
    if (claim.key !== undefined && isKey(claim.key)) {
      this.#key ??= { key: claim.key, address };
    }
    const known = this.#isAsking ? undefined : this.#known.get(address);
    if (known === true) {
      deliver(body);
    } else if (known === undefined && !this.#isClosed) {
      this.#hold(address, { claim, body, deliver });
    }
  }

  /**
   * The connection has closed. Who sends one message and hangs up has it delivered all the same, if the
   * answer comes soon; nothing more is asked about.
   */
  close(): void {
    this.#isClosed = true;
    if (this.#isAsking) {
      this.#end = setTimeout(() => this.giveUp(), CLOSED_GRACE_MS);
      this.#end.unref();
    }
  }

  giveUp(): void {
    this.#held = [];
    this.#release(this.#heldBytes);
    this.#pending?.leave();
  }

  #hold(address: string, { claim, body, deliver }: Held): void {
    if (!this.#isAsking) {
      this.#lane = this.#senders.laneOf(this.#ip, address);
    }
    const bytes = body.length + MESSAGE_BYTES;
    if (!this.#senders.waiting.hold(this.#lane, this, bytes)) {
      this.#senders.refuse(this.#ip, claim.from, 'too much of it waits to be asked about');
      return;
    }
    this.#heldBytes += bytes;
    this.#held.push({ claim, body: new Uint8Array(body), deliver });
    if (!this.#isAsking) {
      this.#isAsking = true;
      void this.#settle();
    }
  }

  #release(bytes: number): void {
    this.#senders.waiting.release(this.#lane, this, bytes);
    this.#heldBytes -= bytes;
  }

  async #judge(address: string, { from }: Claim): Promise<Verdict> {
    if (!this.#asked.has(address)) {
      if (this.#asked.size >= MAX_ADDRESSES) {
        return this.#senders.refuse(this.#ip, from, 'its connection speaks for too many addresses');
      }
      this.#asked.add(address);
    }
    const key = this.#key?.address === address ? this.#key.key : undefined;
    const verdict = await this.#senders.judge(this.#ip, { from, key }, (pending) => {
      this.#pending = pending;
    });
    this.#pending = undefined;
    if (verdict === 'later') {
      this.#unclear.add(address);
    } else {
      this.#known.set(address, verdict);
    }
    return verdict;
  }

  /** Goes through what is held, in order, and asks about every address that is new. */
  async #settle(): Promise<void> {
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      const { claim, body, deliver } = next;
      const address = addressIn(claim.from);
      const verdict =
        this.#known.get(address) ??
        (this.#unclear.has(address) || this.#isClosed
          ? 'later'
          : await this.#judge(address, claim));
      // What has been given up is released already.
      this.#release(Math.min(this.#heldBytes, body.length + MESSAGE_BYTES));
      if (verdict === true) {
        this.#address ??= address;
        deliver(body);
      }
    }
    this.#unclear.clear();
    this.#isAsking = false;
    clearTimeout(this.#end);
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }
}

const addressIn = (pid: string) => pid.slice(pid.indexOf('@') + 1);
