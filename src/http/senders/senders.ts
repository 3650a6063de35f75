// Decides whether messages come from the process whose pid is in their header, for any process can
// claim any pid. The rule:
//
// 1. The messages of a connection wait, in order, until the first claim among them is judged. A
// connection may claim up to four addresses.
// 2. To judge a claim, the process at the claimed address is asked whether the connection is its
// own, by the key that came with the connection's first message. A claim that is no pid, or that
// has no key and comes from an IP address other than the claimed one, is false without a question.
// 3. "Mine" makes the claim true and "not mine" false, from whichever IP address it comes: a
// process of Mesoscale knows its connections.
// 4. A process of Apache Mesos answers 404, and other programs answer anything or nothing. Then a
// claim is true if it comes from the claimed IP address, as with libprocess's
// require_peer_address_ip_match.
// 5. If a process of Mesoscale may be there and be kept from answering, the claim stays open: the
// waiting messages are dropped, and the next message causes a new question. That is so after a
// refusal that Mesoscale gives, after a question was given up to make room, and where a process of
// Mesoscale has answered at that address before and nothing does now.
//
// questions.ts decides which question comes first, waiting-messages.ts how many messages may wait.
import { isIPv4 } from 'node:net';
import { placeOf, plainIp } from '../../model/origin.ts';
import { addressOf, parsePid } from '../../model/pid.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Auditor } from '../server/auditor.ts';
import { Mentioned } from '../server/mentioned.ts';
import { isOwn } from '../transport/addresses.ts';
import { descriptorLimit } from '../transport/descriptors.ts';
import type { Dialer } from '../transport/dialer.ts';
import { isKey, type OwnerAnswer } from './connection-owner.ts';
import { Questions } from './questions.ts';
import { type Waiter, WaitingMessages } from './waiting-messages.ts';

export interface SendersOptions {
  /** If false, every claim is believed. */
  readonly isChecked: boolean;
  /** The `ip:port` under which other processes reach this one. */
  readonly ownAddress: () => string;
  /** Whether this process keeps a link to the address: to an agent of its own, or to its master. */
  readonly isLinked?: ((address: string) => boolean) | undefined;
  /** Opens the connections for questions. */
  readonly dialer: Dialer;
  readonly logger: Logger;
  /** Is told of each message that is dropped. */
  readonly auditor?: Auditor | undefined;
}

/** Why a claim is not believed; an open one will be asked about again. */
interface Doubt {
  readonly isOpen: boolean;
  readonly why: string;
}

type Verdict = true | Doubt;

interface Message {
  readonly name: string;
  readonly body: Uint8Array;
}

/** The header of a message, as far as it is about the sender. */
export interface Claim {
  readonly from: string;
  /** The key of the connection; only the first message of a Mesoscale process has it. */
  readonly key: string | undefined;
}

/** The part of the process's descriptors that questions may use. */
const QUESTIONS_SHARE = 1 / 8;
const MIN_QUESTIONS = 32;
const MAX_QUESTIONS = 4_096;
/** The most addresses that one connection may claim: an honest process has one. */
const MAX_ADDRESSES = 4;
/** When this many bytes of a connection wait, it is not read any further. */
const MAX_AHEAD_BYTES = 64 * 1024;
/** The memory of a waiting message besides its body. */
const MESSAGE_BYTES = 512;
/** The most addresses that are remembered as those of Mesoscale processes. */
const MAX_SPEAKERS = 100_000;
/** How long messages of a closed connection wait for the answer. */
const CLOSED_GRACE_MS = 1_000;
/** The most characters of a claim in the log. */
const MAX_SHOWN = 100;

export class Senders {
  readonly waiting = new WaitingMessages();
  readonly #options: SendersOptions;
  /** Addresses of Mesoscale processes, which can tell which connections are their own. */
  readonly #speakers = new Set<string>();
  readonly #mentioned = new Mentioned();
  readonly #questions: Questions;

  constructor(options: SendersOptions) {
    this.#options = options;
    const share = Math.floor(descriptorLimit() * QUESTIONS_SHARE);
    const most = Math.min(MAX_QUESTIONS, Math.max(MIN_QUESTIONS, share));
    this.#questions = new Questions(most, options.dialer);
  }

  /** The sender of a connection from this IP address. */
  of(ip: string | undefined): Sender {
    return new Sender(this, plainIp(ip ?? ''));
  }

  get isChecked(): boolean {
    return this.#options.isChecked;
  }

  /** How many descriptors questions use now. */
  get questions(): number {
    return this.#questions.running;
  }

  isLinked(address: string): boolean {
    return this.#options.isLinked?.(address) ?? false;
  }

  /**
   * The place whose turns a claim takes: that of a linked process is its own, so that strangers do
   * not take its turns.
   */
  placeOf(ip: string, address: string): string {
    return this.isLinked(address) ? address : placeOf(ip);
  }

  /**
   * Judges a claim: whether the process at the claimed address has opened the connection. `onAsked`
   * gets a function that ends the question, so that the claim stays open.
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
      return { ...this.refuse(ip, from, UNCLEAR), isOpen: true };
    }
    this.#speakers.delete(address);
    return isNear || this.refuse(ip, from, ELSEWHERE);
  }

  refuse(ip: string, from: string, why: string): Doubt {
    if (this.#mentioned.isNew(`${ip} ${from.slice(0, MAX_SHOWN)} ${why}`)) {
      this.#options.logger.warn(
        `Dropping messages in the name of '${from.slice(0, MAX_SHOWN)}' from ${ip}: ${why}`,
        { topic: 'messages', origin: ip },
      );
    }
    return { isOpen: false, why };
  }

  /** Tells the audit log of a message that is not delivered. */
  tellDropped(ip: string, claimed: string, call: string, why: string): void {
    this.#options.auditor?.disbelieve({ claimed, call, why: `sender: ${why}` }, ip);
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
  readonly message: Message;
  readonly deliver: (body: Uint8Array) => void;
}

/** The sender of one connection. Messages keep their order. */
export class Sender implements Waiter {
  readonly #senders: Senders;
  readonly #ip: string;
  /**
   * The verdict on each claimed address: true, or why it is false; a number is the round in which
   * it stayed open.
   */
  readonly #verdicts = new Map<string, true | string | number>();
  /**
   * The number of the current round of questions. An address that stays open is not asked about
   * again in the same round.
   */
  #round = 0;
  #held: Held[] = [];
  #heldBytes = 0;
  /**
   * The connection's key, and the address that was claimed with it: for other addresses it says
   * nothing.
   */
  #key: { readonly key: string; readonly address: string } | undefined;
  #place = '';
  #isAsking = false;
  #endQuestion: (() => void) | undefined;
  #isClosed = false;
  #end: NodeJS.Timeout | undefined;
  #address: string | undefined;
  #resume: (() => void) | undefined;

  /** The IP address that it sends from. */
  get ip(): string {
    return this.#ip;
  }

  constructor(senders: Senders, ip: string) {
    this.#senders = senders;
    this.#ip = ip;
  }

  /** Whether so much waits that the connection should not be read any further. */
  get isAwaited(): boolean {
    return this.#isAsking && this.#heldBytes >= MAX_AHEAD_BYTES;
  }

  /** The first address whose claim was true. */
  get address(): string | undefined {
    return this.#address;
  }

  whenKnown(resume: () => void): void {
    this.#resume = resume;
  }

  /**
   * Delivers a message now or when its claim is found to be true; never if it is false. The body is
   * copied if it waits.
   */
  admit(claim: Claim, message: Message, deliver: (body: Uint8Array) => void): void {
    const address = addressIn(claim.from);
    if (!this.#senders.isChecked) {
      this.#address ??= address;
      deliver(message.body);
      return;
    }
    if (claim.key !== undefined && isKey(claim.key)) {
      this.#key ??= { key: claim.key, address };
    }
    const verdict = this.#isAsking ? undefined : this.#verdicts.get(address);
    if (verdict === true) {
      deliver(message.body);
    } else if (typeof verdict === 'string') {
      this.#senders.tellDropped(this.#ip, claim.from, message.name, verdict);
    } else if (!this.#isClosed) {
      this.#hold(address, { claim, message, deliver });
    }
  }

  /**
   * The connection has closed. Its waiting messages are delivered if the answer comes soon, so that
   * a process can send one message and hang up. No further question is asked.
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

  #hold(address: string, { claim, message, deliver }: Held): void {
    const { name, body } = message;
    if (!this.#isAsking) {
      this.#place = this.#senders.placeOf(this.#ip, address);
    }
    const bytes = body.length + MESSAGE_BYTES;
    if (!this.#senders.waiting.hold(this.#place, this, bytes)) {
      this.#senders.refuse(this.#ip, claim.from, 'too much of it waits to be asked about');
      return;
    }
    this.#heldBytes += bytes;
    this.#held.push({ claim, message: { name, body: new Uint8Array(body) }, deliver });
    if (!this.#isAsking) {
      void this.#settle();
    }
  }

  #release(bytes: number): void {
    this.#senders.waiting.release(this.#place, this, bytes);
    this.#heldBytes -= bytes;
  }

  /** Goes through the waiting messages, in order, and asks about every new address. */
  async #settle(): Promise<void> {
    this.#isAsking = true;
    this.#round++;
    for (let next = this.#held.shift(); next !== undefined; next = this.#held.shift()) {
      const { claim, message, deliver } = next;
      const { name, body } = message;
      const verdict = await this.#judge(claim.from);
      // The bytes of messages that were given up are released already.
      this.#release(Math.min(this.#heldBytes, body.length + MESSAGE_BYTES));
      if (verdict === true) {
        this.#address ??= addressIn(claim.from);
        deliver(body);
      } else {
        this.#senders.tellDropped(this.#ip, claim.from, name, verdict.why);
      }
    }
    this.#isAsking = false;
    clearTimeout(this.#end);
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** Asks at most once in a round, and not at all for a closed connection. */
  #judge(from: string): Verdict | Promise<Verdict> {
    const address = addressIn(from);
    const before = this.#verdicts.get(address);
    if (before === true) {
      return true;
    }
    if (typeof before === 'string') {
      return { isOpen: false, why: before };
    }
    if (before === this.#round || this.#isClosed) {
      return { isOpen: true, why: UNCLEAR };
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
    if (verdict === true) {
      this.#verdicts.set(address, true);
    } else {
      this.#verdicts.set(address, verdict.isOpen ? this.#round : verdict.why);
    }
    return verdict;
  }
}

const addressIn = (pid: string) => pid.slice(pid.indexOf('@') + 1);
