// One life of a master: its machine, its program, the requests and streams of schedulers, operators
// and watchers. Where its memory is and who ends it is the matter of its host.
import { answerInsight } from '../../src/core/insight/insight.ts';
import type { Compute, MasterEffect, ReadRegistry, Store } from '../../src/master/effects.ts';
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
import { taskStateName } from '../../src/model/task-state.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { jsonValue } from '../../src/wire/json.ts';
import { decodeToMaster } from '../../src/wire/libprocess.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import { testCore } from '../master/core.ts';
import { copied } from '../support/copied.ts';
import { DEFAULT_OPTIONS, NOBODY } from '../support/master-options.ts';
import { fail } from './breach.ts';
import type { MachineClock } from './machine-clock.ts';
import type { Channel, Process } from './network.ts';
import { type OwnEffect, Program } from './program.ts';
import type { Simulation } from './simulation.ts';
import { Watcher } from './watcher.ts';

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

/** What the host of a master does for it. */
export interface MasterBase {
  /** The name of its machine. */
  readonly host: string;
  /** `10.0.0.1:5050` */
  readonly address: string;
  readonly clock: MachineClock;
  /** Whether the effect may leave. */
  passes?(effect: MasterEffect): boolean;
  perform(effect: Store | ReadRegistry): void;
  /** It ends by itself. */
  abort(reason: string): void;
  /** It is killed between two effects. */
  die(): void;
}

/** Request ids of all masters of a simulation differ. */
export class RequestIds {
  #next = 0;

  next(): number {
    return this.#next++;
  }
}

export class MasterLife {
  readonly program: Program<MasterEvent, MasterEffect>;
  readonly state: MasterState;
  /** Readers of the operators' event stream. */
  readonly watchers = new Map<StreamId, Watcher>();
  readonly #simulation: Simulation;
  readonly #base: MasterBase;
  readonly #ids: RequestIds;
  readonly #requests = new Map<RequestId, Asked>();
  readonly #streams = new Map<StreamId, Stream>();

  constructor(simulation: Simulation, base: MasterBase, ids: RequestIds) {
    this.#simulation = simulation;
    this.#base = base;
    this.#ids = ids;
    const { chance, settings } = simulation;
    const options: MasterOptions = {
      ...DEFAULT_OPTIONS,
      ...settings.master,
      id: formatUuid(chance.random.uuid()),
      ip: base.address.slice(0, -5),
      port: 5050,
      hostname: 'master',
      version: { version: '1.11.0' },
      startTimeMs: base.clock.nowMs,
      seed: chance.seed(),
      allocatorSeed: settings.shuffles ? chance.int(1, 1_000_000) : 0,
      flags: {},
      authorizer: permissive,
      verifier: NOBODY,
      jsonOf: (type, message) => jsonValue<unknown>(types[type], message),
    };
    const { core, traps } = simulation.newCore();
    const state = createMaster(options, core);
    this.state = state;
    const program = new Program<MasterEvent, MasterEffect>(simulation, {
      kind: 'master',
      host: base.host,
      address: base.address,
      clock: base.clock,
      traps,
      step: (event, nowMs) => step(state, { ...event, nowMs } as MasterEvent),
      check: (event) => simulation.checks.masterStepped(this, event),
      passes: (effect) => base.passes?.(effect) ?? true,
      perform: (effect) => this.#perform(effect),
      die: () => base.die(),
      receive: (from, name, body) => {
        const message = decodeToMaster(name, body);
        if (message !== undefined) {
          simulation.note(base.host, () => `gets ${name} of ${from}`);
          program.dispatch({ type: 'agentMessage', from, message });
        }
      },
    });
    this.program = program;
  }

  get process(): Process {
    return this.program.process;
  }

  /** Nothing more happens in it; the network decides about what it has sent. */
  end(): void {
    this.program.end();
    this.#simulation.network.ended(this.process);
  }

  /** A call of a scheduler has arrived; the response goes where the connection says. */
  called(call: {
    readonly connection: SchedulerConnection;
    readonly answers: Channel;
    readonly stream: StreamId | undefined;
    readonly bytes: Uint8Array;
  }): void {
    const decoded: SchedulerCall = decodeMessage(types.SchedulerCall, call.bytes);
    const request = requestId(`r${this.#ids.next()}`);
    const { connection, answers } = call;
    this.#requests.set(request, {
      answer: (status, text) => answers.send(() => connection.onAnswer(status, text)),
      connection,
    });
    if (decoded.subscribe === undefined) {
      this.program.dispatch({ type: 'schedulerCall', request, stream: call.stream, call: decoded });
    } else {
      const stream = streamId(`s${this.#ids.next()}`);
      this.program.dispatch({ type: 'schedulerSubscribe', request, stream, call: decoded });
    }
  }

  /** A call of an operator, without a network between. */
  operate(call: MasterCall, answer: (status: number, text: string | undefined) => void): void {
    const request = requestId(`r${this.#ids.next()}`);
    this.#requests.set(request, { answer });
    this.program.dispatch({ type: 'operatorCall', request, call });
  }

  /** Subscribes to the operators' event stream, as soon as the master has read its registry. */
  watch(): void {
    const { agenda } = this.#simulation;
    const request = requestId(`r${this.#ids.next()}`);
    this.#requests.set(request, {
      answer: () => agenda.after(1_000, () => this.watch()),
      watcher: new Watcher(),
    });
    this.program.dispatch({
      type: 'operatorCall',
      request,
      call: { type: MasterCall_Type.SUBSCRIBE },
    });
  }

  #perform(effect: OwnEffect<MasterEffect>): void {
    const simulation = this.#simulation;
    switch (effect.type) {
      case 'store':
      case 'readRegistry':
        this.#base.perform(effect);
        return;
      case 'abort':
        this.#base.abort(effect.reason);
        return;
      case 'sendToAgent': {
        simulation.checks.masterSends(effect);
        const from = `${effect.from ?? 'master'}@${this.state.options.ip}:5050`;
        this.program.send(from, effect.to, effect.message);
        return;
      }
      case 'reply': {
        const asked = this.#requests.get(effect.request);
        this.#requests.delete(effect.request);
        const { status, text } = effect;
        if (asked === undefined) {
          fail(`the master answers ${effect.request} twice`);
          return;
        }
        asked.answer(status, text);
        return;
      }
      case 'respond': {
        const asked = this.#requests.get(effect.request);
        this.#requests.delete(effect.request);
        asked?.answer(200, undefined);
        return;
      }
      case 'compute':
        this.#compute(effect);
        return;
      case 'openStream':
        this.#openStream(effect.request, effect.stream);
        return;
      case 'sendToFramework': {
        const stream = this.#streams.get(effect.to.id);
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
        this.#streams.get(effect.stream)?.channel.finish();
        this.#streams.delete(effect.stream);
        return;
      case 'sendToOperator':
        this.watchers.get(effect.stream)?.received(copied(effect.event));
        return;
      case 'giveUpComputing':
      case 'audit':
      case 'auditDisbelief':
        return;
      default:
        effect satisfies never;
    }
  }

  /** As a thread: later, and on a core of its own. */
  #compute({ computation, saved, question }: Compute): void {
    const { agenda } = this.#simulation;
    const outcome = { answer: answerInsight(testCore, saved, question) };
    // Always as long: a draw would change what earlier seeds mean.
    agenda.after(700, () => this.program.dispatch({ type: 'computed', computation, outcome }));
  }

  #openStream(request: RequestId, stream: StreamId): void {
    const asked = this.#requests.get(request);
    this.#requests.delete(request);
    if (asked?.watcher !== undefined) {
      this.watchers.set(stream, asked.watcher);
      return;
    }
    if (asked?.connection === undefined) {
      fail(`the master opens a stream for ${request}, which is answered`);
      return;
    }
    const { connection } = asked;
    // The server writes; if the connection breaks, each side notices in its own time.
    const channel = this.#simulation.network.channel({
      from: this.process,
      to: connection.process,
      onSenderLost: () => {
        this.#streams.delete(stream);
        this.program.dispatch({ type: 'streamClosed', stream });
      },
      onReceiverLost: () => connection.onStreamEnd(),
    });
    this.#streams.set(stream, { channel, connection });
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
