// A network of one-way channels. Messages on one channel arrive in order, after random times;
// channels are independent, so messages on two of them may arrive in any order. Nothing is lost on
// a channel that lasts. When one breaks, messages on their way are lost, and both ends hear of it,
// each in its own time; some messages may have reached the receiver's machine, and are read there
// after all. A cut between two hosts, in one direction or both, lets nothing through, and reports
// nothing.
import type { Agenda } from './agenda.ts';
import type { Chance } from './chance.ts';

/** A process with which others communicate; a restart makes a new one. */
export interface Process {
  readonly host: string;
  alive: boolean;
  /** What has happened while it is stopped (SIGSTOP), in order; undefined while it runs. */
  missed?: (() => void)[] | undefined;
}

/** Runs at once, or in its turn when a process that is stopped goes on. */
export function whenRunning(process: Process, run: () => void): void {
  if (process.missed === undefined) {
    run();
  } else {
    process.missed.push(run);
  }
}

export interface ChannelEnds {
  readonly from: Process;
  readonly to: Process;
  /** The sender hears that the channel is gone. */
  readonly onSenderLost?: () => void;
  /** The receiver hears it, after everything that has arrived. */
  readonly onReceiverLost?: () => void;
}

/**
 * How long a connection attempt into a cut takes to fail, as in
 * src/http/transport/peer-connections.ts.
 */
export const CONNECT_TIMEOUT_MS = 10_000;

/** How long a receiver may take to read what arrived on a broken connection. */
const LATEST_ARRIVAL_MS = 3_000;

export class Network {
  readonly agenda: Agenda;
  readonly chance: Chance;
  /** The longest time on the way. */
  maxDelayMs = 50;
  /** How likely messages on their way arrive although the channel breaks. */
  lateArrivals = 0;
  /** Directions, as `from to`. */
  readonly #cuts = new Set<string>();
  readonly #channels = new Set<Channel>();
  readonly #onHeal: (() => void)[] = [];

  constructor(agenda: Agenda, chance: Chance) {
    this.agenda = agenda;
    this.chance = chance;
  }

  get open(): readonly Channel[] {
    return [...this.#channels];
  }

  get isWhole(): boolean {
    return this.#cuts.size === 0;
  }

  /**
   * Whether the two cannot communicate; a cut in one direction is enough, for nothing works without
   * answers.
   */
  isCut(a: string, b: string): boolean {
    return this.isCutOff(a, b) || this.isCutOff(b, a);
  }

  /** Whether nothing passes in this direction. */
  isCutOff(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from} ${to}`);
  }

  cut(a: string, b: string): void {
    this.cutOff(a, b);
    this.cutOff(b, a);
  }

  cutOff(from: string, to: string): void {
    this.#cuts.add(`${from} ${to}`);
  }

  /** Connections over a healed cut go on, or turn out to be broken. */
  heal(a: string, b: string): void {
    const wasCut = [`${a} ${b}`, `${b} ${a}`].map((direction) => this.#cuts.delete(direction));
    if (!wasCut.includes(true)) {
      return;
    }
    for (const channel of this.open) {
      if (pairOf(channel.ends.from.host, channel.ends.to.host) === pairOf(a, b)) {
        if (!channel.ends.to.alive || !channel.ends.from.alive || this.chance.of(0.5)) {
          channel.break();
        } else {
          channel.resume();
        }
      }
    }
    for (const retry of this.#onHeal.splice(0)) {
      retry();
    }
  }

  healAll(): void {
    for (const pair of [...this.#cuts]) {
      const [a = '', b = ''] = pair.split(' ');
      this.heal(a, b);
    }
  }

  /** Calls `run` as soon as no cut is between the two hosts. */
  whenReachable(a: string, b: string, run: () => void): void {
    if (this.isCut(a, b)) {
      this.#onHeal.push(() => this.whenReachable(a, b, run));
    } else {
      run();
    }
  }

  delay(): number {
    return this.chance.delay(0, this.maxDelayMs);
  }

  channel(ends: ChannelEnds): Channel {
    const channel: Channel = new Channel(this, ends, () => this.#channels.delete(channel));
    this.#channels.add(channel);
    return channel;
  }

  /** A process is gone: what it has sent may still arrive; all its channels end. */
  ended(process: Process, options: { readonly inOrder?: boolean } = {}): void {
    for (const channel of this.open) {
      if (channel.ends.from === process) {
        const losesNothing = options.inOrder === true || this.chance.of(0.7);
        channel.finish(losesNothing ? 0 : this.chance.int(0, 20));
      } else if (channel.ends.to === process) {
        const { from, to } = channel.ends;
        channel.stop();
        this.agenda.after(this.delay(), () =>
          this.whenReachable(from.host, to.host, () => channel.break()),
        );
      }
    }
  }
}

const pairOf = (a: string, b: string) => (a < b ? `${a} ${b}` : `${b} ${a}`);

interface Message {
  readonly readyMs: number;
  readonly deliver: () => void;
}

export class Channel {
  readonly ends: ChannelEnds;
  readonly #network: Network;
  readonly #forget: () => void;
  #waiting: Message[] = [];
  #isPlanned = false;
  #isStopped = false;
  #isBroken = false;
  /** Nothing more is sent; the receiver hears that when everything has arrived. */
  #isFinished = false;

  constructor(network: Network, ends: ChannelEnds, forget: () => void) {
    this.#network = network;
    this.ends = ends;
    this.#forget = forget;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  send(deliver: () => void): void {
    if (this.#isBroken || this.#isFinished) {
      return;
    }
    const { agenda } = this.#network;
    const last = this.#waiting.at(-1)?.readyMs ?? 0;
    this.#waiting.push({
      readyMs: Math.max(last, agenda.nowMs + this.#network.delay()),
      deliver,
    });
    this.#plan();
  }

  /** The sender closes: everything arrives, except the last `lost` messages. */
  finish(lost = 0): void {
    if (this.#isBroken || this.#isFinished) {
      return;
    }
    this.#isFinished = true;
    this.#waiting.length = Math.max(0, this.#waiting.length - lost);
    this.#waiting.push({ readyMs: this.#network.agenda.nowMs, deliver: () => this.#end('sender') });
    this.#plan();
  }

  /** The receiver is gone; nothing arrives any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Both ends hear, each in its own time, that the channel is gone with all messages on it. */
  break(): void {
    this.#end(undefined);
  }

  resume(): void {
    this.#plan();
  }

  #end(knower: 'sender' | undefined): void {
    if (this.#isBroken) {
      return;
    }
    this.#isBroken = true;
    const { agenda } = this.#network;
    const { from, to, onSenderLost, onReceiverLost } = this.ends;
    if (knower !== 'sender' && this.#waiting.length > 0) {
      this.#arriveLate();
    }
    this.#waiting = [];
    this.#forget();
    if (knower !== 'sender' && onSenderLost !== undefined) {
      agenda.after(this.#network.delay(), () => from.alive && onSenderLost());
    }
    if (onReceiverLost !== undefined) {
      // After an orderly end the receiver hears at once, after a break in its own time.
      const delayMs = knower === 'sender' ? 0 : this.#network.chance.delay(0, 5_000);
      agenda.after(delayMs, () => to.alive && onReceiverLost());
    }
  }

  /**
   * The first of the messages have reached the receiver's machine, which reads them in its own
   * time.
   */
  #arriveLate(): void {
    const { chance, agenda, lateArrivals } = this.#network;
    if (lateArrivals === 0 || !chance.of(lateArrivals)) {
      return;
    }
    const arrived = this.#waiting.slice(0, chance.int(1, this.#waiting.length));
    agenda.after(chance.delay(0, LATEST_ARRIVAL_MS), () => {
      for (const { deliver } of this.ends.to.alive ? arrived : []) {
        deliver();
      }
    });
  }

  #plan(): void {
    const first = this.#waiting[0];
    if (first === undefined || this.#isPlanned || this.#isStopped) {
      return;
    }
    this.#isPlanned = true;
    const { agenda } = this.#network;
    agenda.after(first.readyMs - agenda.nowMs, () => {
      this.#isPlanned = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const { from, to } = this.ends;
    if (this.#isBroken || this.#isStopped || this.#network.isCutOff(from.host, to.host)) {
      return;
    }
    const first = this.#waiting.shift();
    this.#plan();
    if (to.alive) {
      first?.deliver();
    }
  }
}
