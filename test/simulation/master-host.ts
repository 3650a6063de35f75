// The machine that masters run on: a registry on a disk, ports, and the streams of schedulers. A
// master may be killed between any two of its effects; the next one knows what is on the disk.
// Another may be elected while one still leads, which goes on until it hears of that, or the
// registry refuses its change.
import type { MasterEffect } from '../../src/master/effects.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import { createMaster, type MasterState, step } from '../../src/master/master.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import {
  type MasterCall,
  MasterCall_Type,
  type SchedulerCall,
  type SchedulerEvent,
  SchedulerEvent_Type,
} from '../../src/model/generated/messages.ts';
import { type RequestId, requestId, type StreamId, streamId } from '../../src/model/ids.ts';
import { formatUuid } from '../../src/model/random.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { RegistryContent } from '../../src/model/registry-content.ts';
import { taskStateName } from '../../src/model/task-state.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { jsonValue } from '../../src/wire/json.ts';
import { decodeToMaster } from '../../src/wire/libprocess.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { copied } from '../support/copied.ts';
import { DEFAULT_OPTIONS, NOBODY } from '../support/master-options.ts';
import { fail } from './breach.ts';
import { Disk } from './disk.ts';
import { MachineClock } from './machine-clock.ts';
import type { Channel, Process } from './network.ts';
import { type OwnEffect, Program } from './program.ts';
import type { Simulation } from './simulation.ts';
import { Watcher } from './watcher.ts';

export const MASTER_HOST = 'master';
/** There are five addresses for masters. */
const MOST_DEPOSED = 3;

/** The scheduler's side of its connections; all responses go through `toScheduler`. */
export interface SchedulerConnection {
  readonly process: Process;
  onAnswer(status: number, text: string | undefined): void;
  onStream(stream: StreamId, close: () => void): void;
  onEvent(bytes: Uint8Array): void;
  onStreamEnd(): void;
}

interface Asked {
  readonly answer: (status: number, text: string | undefined) => void;
  /** The connection of the stream that a SUBSCRIBE opens. */
  readonly connection?: SchedulerConnection;
  readonly watcher?: Watcher;
}

interface Stream {
  readonly channel: Channel;
  readonly connection: SchedulerConnection;
}

/** One life of a master. */
export interface MasterLife {
  readonly program: Program<MasterEvent, MasterEffect>;
  readonly process: Process;
  readonly state: MasterState;
  readonly requests: Map<RequestId, Asked>;
  readonly streams: Map<StreamId, Stream>;
  /** Readers of the operators' event stream. */
  readonly watchers: Map<StreamId, Watcher>;
}

export class MasterHost {
  /** The address of the leading master, or of the last one. */
  address = '10.0.0.1:5050';
  readonly disk: Disk;
  readonly clock: MachineClock;
  /** What is durable. */
  readonly registry = new RegistryContent();
  /** Ids of agents whose admission is durable. */
  readonly durableAgents = new Set<string>();
  /** Ids of agents that an operator has marked gone. */
  readonly goneAgents = new Set<string>();
  /** The master that leads, or is about to. */
  life: MasterLife | undefined;
  /** Masters that led, and have not heard yet that another does. */
  readonly #deposed = new Set<MasterLife>();
  starts = 0;
  readonly #simulation: Simulation;
  #nextId = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.disk = new Disk(simulation.agenda, simulation.chance);
    this.clock = new MachineClock(simulation.agenda);
  }

  get pid(): string {
    return `master@${this.address}`;
  }

  /** With `isMoved`, the address was chosen already. */
  start({ isMoved = false } = {}): void {
    const { agenda, chance, settings } = this.#simulation;
    const hasMoved = isMoved || chance.of(settings.moves);
    if (hasMoved && !isMoved) {
      this.address = `10.0.0.${chance.int(1, 3)}:5050`;
    }
    const options: MasterOptions = {
      ...DEFAULT_OPTIONS,
      ...settings.master,
      id: formatUuid(chance.random.uuid()),
      ip: this.address.slice(0, -5),
      port: 5050,
      hostname: 'master',
      version: { version: '1.11.0' },
      startTimeMs: this.clock.nowMs,
      seed: chance.seed(),
      allocatorSeed: settings.shuffles ? chance.int(1, 1_000_000) : 0,
      flags: {},
      authorizer: permissive,
      verifier: NOBODY,
      jsonOf: (type, message) => jsonValue<unknown>(types[type], message),
    };
    const { core, traps } = this.#simulation.newCore();
    const state = createMaster(options, core);
    const program = new Program<MasterEvent, MasterEffect>(this.#simulation, {
      kind: 'master',
      host: MASTER_HOST,
      address: this.address,
      clock: this.clock,
      traps,
      step: (event, nowMs) => step(state, { ...event, nowMs } as MasterEvent),
      check: (event) => this.#simulation.checks.masterStepped(life, event),
      perform: (effect) => this.#perform(life, effect),
      die: () => this.#die(life),
      receive: (from, name, body) => {
        const message = decodeToMaster(name, body);
        if (message !== undefined) {
          this.#simulation.note('master', () => `gets ${name} of ${from}`);
          program.dispatch({ type: 'agentMessage', from, message });
        }
      },
    });
    const { process } = program;
    const life: MasterLife = {
      program,
      process,
      state,
      requests: new Map(),
      streams: new Map(),
      watchers: new Map(),
    };
    this.life = life;
    this.starts++;
    this.disk.open(process);
    this.#simulation.note('master', () => `starts as ${options.id}`);
    program.listen();
    if (hasMoved) {
      for (const host of this.#simulation.agents) {
        agenda.after(chance.delay(0, 10_000), () => host.masterDetected());
      }
    }
    agenda.after(chance.delay(0, 200), () => {
      program.dispatch({ type: 'elected' });
      if (settings.isWatched) {
        this.#watch(life);
      }
    });
  }

  kill(): void {
    const { life } = this;
    if (life === undefined) {
      return;
    }
    this.#simulation.note('master', () => 'is killed');
    this.life = undefined;
    this.disk.crash();
    this.#end(life);
  }

  #end(life: MasterLife): void {
    life.program.end();
    this.#simulation.network.ended(life.process);
  }

  /**
   * Another master is elected at once, at another address. The earlier one hears of it later, if at
   * all.
   */
  depose(): void {
    const { agenda, chance, agents } = this.#simulation;
    const { life } = this;
    if (life?.state.recovered !== true || this.#deposed.size >= MOST_DEPOSED) {
      return;
    }
    this.#simulation.note('master', () => `${this.address} leads no more`);
    this.#deposed.add(life);
    // Its waiting writes are stored in part; it is not told which.
    this.disk.crash();
    const taken = [life, ...this.#deposed].map(({ state }) => `${state.options.ip}:5050`);
    const free = [1, 2, 3, 4, 5].map((n) => `10.0.0.${n}:5050`).filter((it) => !taken.includes(it));
    this.address = chance.pick(free);
    this.life = undefined;
    this.start({ isMoved: true });
    for (const host of agents) {
      agenda.after(chance.delay(0, 2_000), () => host.masterLost());
    }
    agenda.after(chance.delay(0, 120_000), () => this.#hearsOfIt(life));
  }

  #hearsOfIt({ program }: MasterLife): void {
    program.dispatch({ type: 'leadershipLost', reason: 'another master was elected' });
  }

  /** The end of all faults: only the leading master believes that it leads. */
  settle(): void {
    for (const life of this.#deposed) {
      this.#hearsOfIt(life);
    }
  }

  /** The master that listens at the process's address, leading or not. */
  #at(process: Process): MasterLife | undefined {
    return [this.life, ...this.#deposed].find((it) => it?.process === process);
  }

  /** A call of a scheduler has arrived; the response goes where the connection says. */
  called(
    process: Process,
    call: {
      readonly connection: SchedulerConnection;
      readonly answers: Channel;
      readonly stream: StreamId | undefined;
      readonly bytes: Uint8Array;
    },
  ): void {
    const life = this.#at(process);
    if (life === undefined) {
      return;
    }
    const decoded: SchedulerCall = decodeMessage(types.SchedulerCall, call.bytes);
    const request = requestId(`r${this.#nextId++}`);
    const { connection, answers } = call;
    life.requests.set(request, {
      answer: (status, text) => answers.send(() => connection.onAnswer(status, text)),
      connection,
    });
    if (decoded.subscribe === undefined) {
      life.program.dispatch({ type: 'schedulerCall', request, stream: call.stream, call: decoded });
    } else {
      const stream = streamId(`s${this.#nextId++}`);
      life.program.dispatch({ type: 'schedulerSubscribe', request, stream, call: decoded });
    }
  }

  /** A call of an operator, without a network between. */
  operate(call: MasterCall, answer: (status: number, text: string | undefined) => void): void {
    const { life } = this;
    if (life !== undefined) {
      const request = requestId(`r${this.#nextId++}`);
      life.requests.set(request, { answer });
      life.program.dispatch({ type: 'operatorCall', request, call });
    }
  }

  #watch(life: MasterLife): void {
    const { agenda } = this.#simulation;
    const request = requestId(`r${this.#nextId++}`);
    life.requests.set(request, {
      // The master has not read its registry yet.
      answer: () => agenda.after(1_000, () => this.#watch(life)),
      watcher: new Watcher(),
    });
    life.program.dispatch({
      type: 'operatorCall',
      request,
      call: { type: MasterCall_Type.SUBSCRIBE },
    });
  }

  #die(life: MasterLife): void {
    if (this.#deposed.delete(life)) {
      this.#simulation.note('master', () => `${life.state.options.ip} ends`);
      this.#end(life);
      return;
    }
    this.kill();
    this.#simulation.faults.restartMaster();
  }

  #perform(life: MasterLife, effect: OwnEffect<MasterEffect>): void {
    const simulation = this.#simulation;
    switch (effect.type) {
      case 'store': {
        const changes = copied(effect.changes);
        const { transaction } = effect;
        if (this.#deposed.has(life)) {
          const { agenda, chance } = simulation;
          agenda.after(chance.delay(0, this.disk.maxDelayMs), () => this.#hearsOfIt(life));
          return;
        }
        simulation.note('master', () => `stores ${changes.map(({ type }) => type).join(', ')}`);
        this.disk.write(
          () => {
            for (const change of changes) {
              this.#apply(change);
            }
          },
          (error) => life.program.dispatch({ type: 'stored', transaction, error }),
        );
        return;
      }
      case 'readRegistry':
        life.program.dispatch({
          type: 'recovered',
          registry: copied(this.registry.snapshot()),
        });
        return;
      case 'abort':
        if (this.disk.failures === 0 && !this.#deposed.has(life)) {
          fail(`the master aborts: ${effect.reason}`);
        }
        this.#die(life);
        return;
      case 'sendToAgent': {
        simulation.checks.masterSends(effect);
        const from = `${effect.from ?? 'master'}@${life.state.options.ip}:5050`;
        life.program.send(from, effect.to, effect.message);
        return;
      }
      case 'reply': {
        const asked = life.requests.get(effect.request);
        life.requests.delete(effect.request);
        const { status, text } = effect;
        if (asked === undefined) {
          fail(`the master answers ${effect.request} twice`);
          return;
        }
        asked.answer(status, text);
        return;
      }
      case 'openStream':
        this.#openStream(life, effect.request, effect.stream);
        return;
      case 'sendToFramework': {
        const stream = life.streams.get(effect.to.id);
        simulation.checks.masterTells(effect.event);
        if (stream === undefined) {
          // The stream has closed, and the master has not handled that yet.
          return;
        }
        const bytes = encodeMessage(types.SchedulerEvent, effect.event);
        if (effect.event.type !== SchedulerEvent_Type.HEARTBEAT) {
          simulation.note('master', () => `tells ${effect.to.id} ${describeEvent(effect.event)}`);
        }
        stream.channel.send(() => stream.connection.onEvent(bytes.slice()));
        return;
      }
      case 'closeStream':
        life.streams.get(effect.stream)?.channel.finish();
        life.streams.delete(effect.stream);
        return;
      case 'sendToOperator':
        life.watchers.get(effect.stream)?.received(copied(effect.event));
        return;
      case 'audit':
      case 'auditDisbelief':
        return;
      default:
        effect satisfies never;
    }
  }

  #apply(change: RegistryChange): void {
    this.registry.apply(change);
    switch (change.type) {
      case 'admitAgent':
      case 'updateAgent':
      case 'markReachable':
        this.durableAgents.add(change.agent.id?.value ?? '');
        return;
      case 'markGone':
        this.goneAgents.add(change.id);
        this.durableAgents.delete(change.id);
        return;
      case 'removeAgent':
      case 'markUnreachable':
        this.durableAgents.delete(change.id);
        return;
      default:
        return;
    }
  }

  #openStream(life: MasterLife, request: RequestId, stream: StreamId): void {
    const asked = life.requests.get(request);
    life.requests.delete(request);
    if (asked?.watcher !== undefined) {
      life.watchers.set(stream, asked.watcher);
      return;
    }
    if (asked?.connection === undefined) {
      fail(`the master opens a stream for ${request}, which is answered`);
      return;
    }
    const { connection } = asked;
    // The server writes; if the connection breaks, each side notices in its own time.
    const channel = this.#simulation.network.channel({
      from: life.process,
      to: connection.process,
      onSenderLost: () => {
        life.streams.delete(stream);
        life.program.dispatch({ type: 'streamClosed', stream });
      },
      onReceiverLost: () => connection.onStreamEnd(),
    });
    life.streams.set(stream, { channel, connection });
    channel.send(() => connection.onStream(stream, () => channel.break()));
  }
}

function describeEvent({ offers, rescind, update, failure, error, subscribed }: SchedulerEvent) {
  if (offers !== undefined) {
    const all = (offers.offers ?? []).map((it) => `${it.id.value.slice(37)} of ${it.hostname}`);
    return `offers ${all.join(', ')}`;
  }
  if (update !== undefined) {
    const { task_id, state, message = '', uuid = [] } = update.status;
    const short = Buffer.from(uuid).toString('hex').slice(0, 8);
    return `${task_id.value} is ${taskStateName(state)} ${short} (${message})`;
  }
  const rest = failure ?? error ?? subscribed?.framework_id.value ?? rescind?.offer_id.value;
  return JSON.stringify(rest);
}
