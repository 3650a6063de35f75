// A master or an agent on a simulated machine: its process, timers and connections, and the loop
// that takes one event after the other, each with all effects. It may die between any two effects.
// The machine decides what each effect does to the world.
import type { AgentEffect } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import type { MasterEffect } from '../../src/master/effects.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import type { MessageToAgent, MessageToMaster } from '../../src/model/agent-messages.ts';
import type { Traps } from '../support/traps.ts';
import { ProcessTimers } from './agenda.ts';
import { Links } from './links.ts';
import type { MachineClock } from './machine-clock.ts';
import { type Process, whenRunning } from './network.ts';
import type { Simulation } from './simulation.ts';

/** An event whose time is not known yet. */
export type Untimed<Event extends { readonly type: string }> = {
  [Type in Event['type']]: Omit<Extract<Event, { type: Type }>, 'nowMs'>;
}[Event['type']];

/** Effects that master and agent have in common. */
type Common = 'setTimer' | 'clearTimer' | 'link' | 'log';

/** Effects that the machine performs itself. */
export type OwnEffect<Effect> = Exclude<Effect, { readonly type: Common }>;

export interface ProgramOptions<Event extends { readonly type: string }, Effect> {
  readonly kind: 'master' | 'agent';
  /** The machine's name. */
  readonly host: string;
  readonly address: string;
  readonly clock: MachineClock;
  /** The traps of its scheduler core. */
  readonly traps: Traps;
  step(event: Untimed<Event>, nowMs: number): readonly Effect[];
  /** Called after each step, before its effects. */
  check(event: Untimed<Event>): void;
  /** Whether the effect may leave. */
  passes?(effect: Effect): boolean;
  perform(effect: OwnEffect<Effect>): void;
  /** Kills it at once; it is restarted some time later. */
  die(): void;
  receive(from: string, name: string, body: Uint8Array): void;
}

/** With one more trap within a minute a program gives up, as it should. */
const MOST_TRAPS = 2;

export class Program<
  Event extends MasterEvent | AgentEvent,
  Effect extends MasterEffect | AgentEffect,
> {
  readonly process: Process;
  readonly timers: ProcessTimers;
  readonly #simulation: Simulation;
  readonly #options: ProgramOptions<Event, Effect>;
  readonly #links: Links;
  readonly #queue: Untimed<Event>[] = [];
  #isStepping = false;
  /** The next step with more calls of the core than this has a trap. */
  #trapAfter: number | undefined;
  #trapsLeft = MOST_TRAPS;

  constructor(simulation: Simulation, options: ProgramOptions<Event, Effect>) {
    const { agenda, network, addresses } = simulation;
    this.#simulation = simulation;
    this.#options = options;
    const process: Process = { host: options.host, alive: true };
    this.process = process;
    this.timers = new ProcessTimers(agenda, (timer) =>
      this.#dispatchCommon({ type: 'timer', timer }),
    );
    this.#links = new Links(network, addresses, process, (address) =>
      this.#dispatchCommon({ type: 'linkLost', address }),
    );
  }

  /** From now on it receives messages to its address. */
  listen(): void {
    const { address, receive } = this.#options;
    this.#simulation.addresses.listen(address, {
      process: this.process,
      receive: (from, _to, name, body) => receive(from, name, body),
    });
  }

  send(from: string, to: string, message: MessageToAgent | MessageToMaster): void {
    this.#links.send(from, to, message);
  }

  /** Nothing more happens in it; the network decides about what it has sent. */
  end(): void {
    this.process.alive = false;
    this.timers.close();
    this.#queue.length = 0;
  }

  /** Events that both programs have in common. */
  #dispatchCommon(
    event:
      | { readonly type: 'timer'; readonly timer: string }
      | { readonly type: 'linkLost'; readonly address: string },
  ): void {
    this.dispatch(event as unknown as Untimed<Event>);
  }

  dispatch(event: Untimed<Event>): void {
    whenRunning(this.process, () => this.#take(event));
  }

  /** As by SIGSTOP: its clock goes on, and nothing else. */
  stop(): void {
    this.process.missed ??= [];
  }

  goOn(): void {
    const { missed } = this.process;
    this.process.missed = undefined;
    for (const run of missed ?? []) {
      run();
    }
  }

  #take(event: Untimed<Event>): void {
    if (!this.process.alive) {
      return;
    }
    this.#queue.push(event);
    if (this.#isStepping) {
      return;
    }
    this.#isStepping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#step(next);
    }
    this.#isStepping = false;
  }

  #step(event: Untimed<Event>): void {
    const { faults, journal, agenda } = this.#simulation;
    const { kind, host, clock } = this.#options;
    const effects = this.#trapping(() => this.#options.step(event, clock.nowMs));
    this.#options.check(event);
    const killAfter = faults.effectsBeforeKill(kind, effects.length);
    for (const [index, effect] of effects.entries()) {
      if (!this.process.alive) {
        return;
      }
      if (index === killAfter) {
        this.#options.die();
        return;
      }
      if (this.#options.passes?.(effect) === false) {
        continue;
      }
      journal.effect(agenda.nowMs, host, effect);
      this.#perform(effect);
    }
  }

  /** Its scheduler core is to trap in the middle of a step. */
  trap(calls: number): void {
    this.#trapAfter = calls;
  }

  #trapping<T>(step: () => T): T {
    const { traps, host } = this.#options;
    if (this.#trapAfter === undefined || this.#trapsLeft === 0) {
      return step();
    }
    const before = traps.sprung.length;
    traps.arm(this.#trapAfter);
    const result = step();
    traps.disarm();
    if (traps.sprung.length > before) {
      this.#simulation.note(host, () => `has trapped in ${traps.sprung.at(-1)}`);
      this.#trapAfter = undefined;
      this.#trapsLeft--;
      this.#simulation.traps++;
    }
    return result;
  }

  #perform(effect: MasterEffect | AgentEffect): void {
    switch (effect.type) {
      case 'setTimer':
        this.timers.set(effect.timer, effect.delayMs);
        return;
      case 'clearTimer':
        this.timers.clear(effect.timer);
        return;
      case 'link':
        this.#links.link(effect.address);
        return;
      case 'log':
        this.#simulation.note(this.#options.host, () => effect.text);
        return;
      default:
        this.#options.perform(effect as OwnEffect<Effect>);
    }
  }
}
