// Who sends the messages of a connection: the pid in their header is a claim that anybody can make.
// The rule:
//
// 1. What a connection has sent waits, in order, until the first claim in it is judged; up to four
//    are.
// 2. A claim is judged by asking the process at the claimed address whether the connection is its
//    own, with the key that came with the connection's first message. There is nobody to ask where
//    the claim is no pid, or comes without a key from another IP address than its own: then it is
//    false.
// 3. "Mine" makes it true, "not mine" false, wherever it comes from: processes of ours know.
// 4. One of Apache Mesos answers 404, and other programs whatever they like or not at all: a claim
//    is true then if it comes from its own IP address, as with libprocess's
//    require_peer_address_ip_match.
// 5. Where one of ours may be there and be kept from answering, it stays open: what waits is
//    dropped, and the next message asks again. That is so after a refusal that one of ours gives,
//    where the question was ended to make room, and where one of ours has answered at that address
//    before and nothing does now.
//
// Who is asked first is for questions.ts, how much may wait for waiting-messages.ts.
import { isIPv4 } from 'node:net';
import { addressOf, parsePid } from '../../model/pid.ts';
import type { Logger } from '../../runtime/logger.ts';
import { Mentioned } from '../server/mentioned.ts';
import { isOwn, placeOf, plainIp } from '../transport/addresses.ts';
import { descriptorLimit } from '../transport/descriptors.ts';
import type { Dialer } from '../transport/dialer.ts';
import { isKey, type OwnerAnswer } from './connection-owner.ts';
import { Questions } from './questions.ts';
import { type Waiter, WaitingMessages } from './waiting-messages.ts';

export interface SendersOptions {
  /** False: every claim is believed. */
  readonly isChecked: boolean;
  /** `ip:port` under which other processes reach this one. */
  readonly ownAddress: () => string;
  /** Whether this process keeps a link to the address: to an agent of its own, or to its master. */
  readonly isLinked?: ((address: string) => boolean) | undefined;
  /** How the questions are asked. */
  readonly dialer: Dialer;
  readonly logger: Logger;
}

/** Whether a claim is true; undefined: not known yet. */
type Verdict = boolean | undefined;

/** What a message's header says of its sender. */
export interface Claim {
  readonly from: string;
  /** The connection's key, on the first message of a connection of ours. */
  readonly key: string | undefined;
}

/** As many of the process's descriptors may be questions; no more of them are of any use. */
const QUESTIONS_SHARE = 1 / 8;
const MIN_QUESTIONS = 32;
const MAX_QUESTIONS = 4_096;
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
  readonly #questions: Questions;

  constructor(options: SendersOptions) {
    this.#options = options;
    const share = Math.floor(descriptorLimit() * QUESTIONS_SHARE);
    const most = Math.min(MAX_QUESTIONS, Math.max(MIN_QUESTIONS, share));
    this.#questions = new Questions(most, options.dialer);
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
    return this.#questions.running;
  }

  isLinked(address: string): boolean {
    return this.#options.isLinked?.(address) ?? false;
  }

  /** With whom a claim takes turns: strangers don't take those of linked processes. */
  placeOf(ip: string, address: string): string {
    return this.isLinked(address) ? address : placeOf(ip);
  }

  /**
   * Whether the process at the claimed address has opened the connection. `onAsked` gets what ends
   * the question: it is not known then.
   */
  async judge(
    ip: string,
    { from, key }: Claim,
    onAsked: (end: () => void) => void,
  ): Promise<Verdict> {
    const pid = parsePid(from);
    if (pid === undefined || !isIPv4(pid.host)) {
      return this.refuse(ip, from, 'it is no pid (id@ip:port)');
    }
    const isNear = pid.host === ip || (isOwn(pid.host) && isOwn(ip));
    if (!isNear && key === undefined) {
      return this.refuse(ip, from, ELSEWHERE);
    }
    const address = addressOf(pid);
    const to = this.#options.ownAddress();
    const answer = await new Promise<OwnerAnswer>((resolve) => {
      const question = { address, key: key ?? '', to };
      onAsked(this.#questions.ask(this.placeOf(ip, address), question, resolve));
    });
    if (answer === 'mine' || answer === 'not mine') {
      this.#remember(address);
      return (
        answer === 'mine' ||
        this.refuse(ip, from, `that process did not open the connection to ${to}`)
      );
    }
    if (answer === 'unclear' || (answer === 'nobody' && this.#speakers.has(address))) {
      this.refuse(ip, from, UNCLEAR);
      return undefined;
    }
    this.#speakers.delete(address);
    return isNear || this.refuse(ip, from, ELSEWHERE);
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

const ELSEWHERE =
  'they come from another address than its own (a sender on a machine with several addresses or ' +
  'behind NAT needs --no-require_peer_address_ip_match here)';
const UNCLEAR = 'that process does not answer whether it is its own; it will be asked again';

interface Held {
  readonly claim: Claim;
  readonly body: Uint8Array;
  readonly deliver: (body: Uint8Array) => void;
}

/** One connection's sender. Messages keep their order. */
export class Sender implements Waiter {
  readonly #senders: Senders;
  readonly #ip: string;
  /** By address that has been asked about; a number: it was not known in that round. */
  readonly #verdicts = new Map<string, boolean | number>();
  /** Of asking. What has come in a round, and is not known then, is not asked about again. */
  #round = 0;
  #held: Held[] = [];
  #heldBytes = 0;
  /** Of the connection, and the address that it was said for: for others it says nothing. */
  #key: { readonly key: string; readonly address: string } | undefined;
  #place = '';
  #isAsking = false;
  #endQuestion: (() => void) | undefined;
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

  /**
   * Delivers a message: now, when its sender is known, or never. The body is copied where it waits.
   */
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
    const verdict = this.#isAsking ? undefined : this.#verdicts.get(address);
    if (verdict === true) {
      deliver(body);
    } else if (verdict !== false && !this.#isClosed) {
      this.#hold(address, { claim, body, deliver });
    }
  }

  /**
   * The connection has closed. Who sends one message and hangs up has it delivered all the same, if
   * the answer comes soon; nothing more is asked about.
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
    this.#endQuestion?.();
  }

  #hold(address: string, { claim, body, deliver }: Held): void {
    if (!this.#isAsking) {
      this.#place = this.#senders.placeOf(this.#ip, address);
    }
    const bytes = body.length + MESSAGE_BYTES;
    if (!this.#senders.waiting.hold(this.#place, this, bytes)) {
      this.#senders.refuse(this.#ip, claim.from, 'too much of it waits to be asked about');
      return;
    }
    this.#heldBytes += bytes;
    this.#held.push({ claim, body: new Uint8Array(body), deliver });
    if (!this.#isAsking) {
      void this.#settle();
    }
  }

  #release(bytes: number): void {
    this.#senders.waiting.release(this.#place, this, bytes);
    this.#heldBytes -= bytes;
  }

  /** Goes through what is held, in order, and asks about every address that is new. */
  async #settle(): Promise<void> {
    this.#isAsking = true;
    this.#round++;
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      const { claim, body, deliver } = next;
      const verdict = await this.#judge(claim.from);
      // What has been given up is released already.
      this.#release(Math.min(this.#heldBytes, body.length + MESSAGE_BYTES));
      if (verdict === true) {
        this.#address ??= addressIn(claim.from);
        deliver(body);
      }
    }
    this.#isAsking = false;
    clearTimeout(this.#end);
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** Asks at most once in a round; once it has closed, not at all. */
  #judge(from: string): Verdict | Promise<Verdict> {
    const address = addressIn(from);
    const before = this.#verdicts.get(address);
    if (typeof before === 'boolean') {
      return before;
    }
    if (before === this.#round || this.#isClosed) {
      return undefined;
    }
    if (before === undefined && this.#verdicts.size >= MAX_ADDRESSES) {
      return this.#senders.refuse(this.#ip, from, 'its connection speaks for too many addresses');
    }
    return this.#ask(from, address);
  }

  async #ask(from: string, address: string): Promise<Verdict> {
    const key = this.#key?.address === address ? this.#key.key : undefined;
    this.#verdicts.set(address, this.#round);
    const verdict = await this.#senders.judge(this.#ip, { from, key }, (end) => {
      this.#endQuestion = end;
    });
    this.#endQuestion = undefined;
    this.#verdicts.set(address, verdict ?? this.#round);
    return verdict;
  }
}

const addressIn = (pid: string) => pid.slice(pid.indexOf('@') + 1);
