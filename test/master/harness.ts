// A master in a world of virtual time: the test commits the registry's writes, and plays schedulers
// and agents. What the master sends is kept by receiver, so that a test looks at outcomes.

import { answerInsight } from '../../src/core/insight/insight.ts';
import type { MasterEffect } from '../../src/master/effects.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import { createMaster, type MasterState, masterViews, step } from '../../src/master/master.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import type { MasterCore } from '../../src/master/state.ts';
import type { MasterTimer } from '../../src/master/timers.ts';
import type { MessageToAgent, MessageToMaster, ToMaster } from '../../src/model/agent-messages.ts';
import {
  AgentInfo_Capability_Type,
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type MasterCall,
  type MasterResponse,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type MasterEvent as OperatorEvent,
  type ReregisterAgentMessage,
  type SchedulerCall,
  type SchedulerCall_Subscribe,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type Task,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { requestId, type StreamId, streamId } from '../../src/model/ids.ts';
import { Random } from '../../src/model/random.ts';
import { RegistryContent } from '../../src/model/registry-content.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { permissive } from '../../src/security/authorizer.ts';
import type { Principal } from '../../src/security/principal.ts';
import { copied } from '../support/copied.ts';
import { DEFAULT_OPTIONS, NOBODY } from '../support/master-options.ts';
import { testCore } from './core.ts';

export type Untimed<Event> = Event extends MasterEvent ? Omit<Event, 'nowMs'> : never;
type Effect<Type extends MasterEffect['type']> = Extract<MasterEffect, { type: Type }>;

export type OnEvent = (
  event: MasterEvent,
  take: (event: MasterEvent) => MasterEffect[],
) => MasterEffect[];

export const START_MS = 1_700_000_000_000;
export const resources = (text: string) => parseResources(text);

const capabilities = Object.entries(AgentInfo_Capability_Type)
  .filter(([name]) => name !== 'UNKNOWN')
  .map(([, type]) => ({ type }));

export const viewer = { authorizer: permissive };

/** Each master in a history has an id of its own. */
const nextId = (id: string) =>
  `${id.slice(0, 24)}${(Number.parseInt(id.slice(24), 16) + 1).toString(16).padStart(12, '0')}`;

export class World {
  readonly options: MasterOptions;
  readonly master: MasterState;
  readonly disk: RegistryContent;
  readonly views;
  nowMs: number;
  /** If false, transactions wait for `commit`. */
  commitsAtOnce = true;
  /** If false, computations wait for `compute`. */
  computesAtOnce = true;
  readonly computations: Effect<'compute'>[] = [];
  readonly givenUp: number[] = [];
  /** If false, agents do not answer pings. */
  answersPings = true;
  readonly streams = new Map<StreamId, SchedulerEvent[]>();
  readonly operatorEvents: OperatorEvent[] = [];
  readonly closed = new Set<StreamId>();
  readonly toAgents: Effect<'sendToAgent'>[] = [];
  readonly links: string[] = [];
  readonly logs: string[] = [];
  readonly audited: Effect<'audit'>[] = [];
  readonly disbelieved: Effect<'auditDisbelief'>[] = [];
  aborted: string | undefined;
  readonly #replies = new Map<string, Effect<'reply' | 'respond' | 'openStream'>>();
  readonly #writes: Effect<'store'>[] = [];
  readonly #timers = new Map<MasterTimer, number>();
  readonly #random = new Random(11);
  readonly #core: MasterCore;
  readonly #onEffect: ((effect: MasterEffect) => void) | undefined;
  readonly #onEvent: OnEvent;
  #requests = 0;

  constructor(
    options: Partial<MasterOptions> = {},
    past: {
      disk?: RegistryContent;
      nowMs?: number;
      core?: MasterCore;
      /** Called with each effect before it is performed. */
      onEffect?: ((effect: MasterEffect) => void) | undefined;
      /** Lets the master take each event, by calling `take`. */
      onEvent?: OnEvent | undefined;
    } = {},
  ) {
    this.#core = past.core ?? testCore;
    this.#onEffect = past.onEffect;
    this.#onEvent = past.onEvent ?? ((event, take) => take(event));
    this.nowMs = past.nowMs ?? START_MS;
    this.disk = past.disk ?? new RegistryContent();
    this.options = {
      ...DEFAULT_OPTIONS,
      id: '11111111-1111-4111-8111-111111111111',
      ip: '10.0.0.1',
      port: 5050,
      hostname: 'master.example',
      version: { version: '1.11.0' },
      startTimeMs: this.nowMs,
      seed: 5,
      allocatorSeed: 0,
      flags: {},
      jsonOf: (_type, message) => message,
      verifier: NOBODY,
      authorizer: permissive,
      ...options,
    };
    this.master = createMaster(this.options, this.#core);
    this.views = masterViews(this.master);
    this.dispatch({ type: 'elected' });
  }

  dispatch(event: Untimed<MasterEvent>): void {
    const timed = { ...event, nowMs: this.nowMs } as MasterEvent;
    for (const effect of this.#onEvent(timed, (it) => step(this.master, it))) {
      this.#perform(effect);
    }
    this.#fireDue();
  }

  #perform(effect: MasterEffect): void {
    this.#onEffect?.(effect);
    switch (effect.type) {
      case 'reply':
        this.#replies.set(effect.request, effect);
        break;
      case 'respond':
        this.#replies.set(effect.request, copied(effect));
        break;
      case 'compute':
        this.computations.push(effect);
        if (this.computesAtOnce) {
          this.compute();
        }
        break;
      case 'giveUpComputing':
        this.givenUp.push(effect.computation);
        break;
      case 'openStream':
        this.#replies.set(effect.request, effect);
        this.streams.set(effect.stream, []);
        break;
      case 'sendToFramework':
        // As on the wire: what was sent cannot change any more.
        this.streams.get(effect.to.id)?.push(copied(effect.event));
        break;
      case 'sendToOperator':
        this.operatorEvents.push(copied(effect.event));
        break;
      case 'closeStream':
        this.closed.add(effect.stream);
        break;
      case 'sendToAgent':
        this.toAgents.push(copied(effect));
        if (effect.message.name === 'PingAgentMessage' && this.answersPings) {
          this.dispatch({
            type: 'agentMessage',
            from: effect.to,
            message: { name: 'PongAgentMessage', body: {} },
          });
        }
        break;
      case 'link':
        this.links.push(effect.address);
        break;
      case 'readRegistry':
        this.dispatch({ type: 'recovered', registry: this.disk.snapshot() });
        break;
      case 'store':
        this.#writes.push(effect);
        if (this.commitsAtOnce) {
          this.commit();
        }
        break;
      case 'setTimer':
        this.#timers.set(effect.timer, this.nowMs + effect.delayMs);
        break;
      case 'clearTimer':
        this.#timers.delete(effect.timer);
        break;
      case 'log':
        this.logs.push(effect.text);
        break;
      case 'audit':
        this.audited.push(effect);
        break;
      case 'auditDisbelief':
        this.disbelieved.push(effect);
        break;
      case 'abort':
        this.aborted = effect.reason;
        break;
      default:
        throw new Error(`Unknown effect ${JSON.stringify(effect satisfies never)}`);
    }
  }

  /** The registry has no room for the waiting changes. */
  refuse(error: string): void {
    for (const { transaction } of this.#writes.splice(0)) {
      this.dispatch({ type: 'stored', transaction, error, isRefused: true });
    }
  }

  /** Makes the waiting changes durable, or lets them fail. */
  commit(error?: string): void {
    for (const write of this.#writes.splice(0)) {
      if (error === undefined) {
        for (const change of write.changes) {
          this.disk.apply(change);
        }
      }
      this.dispatch({ type: 'stored', transaction: write.transaction, error });
    }
  }

  /** Computes what the master has asked for, on a core of its own. */
  compute(): void {
    for (const { computation, saved, question } of this.computations.splice(0)) {
      const outcome = { answer: answerInsight(testCore, saved, question) };
      this.dispatch({ type: 'computed', computation, outcome });
    }
  }

  #fireDue(): void {
    for (let timer = this.#dueTimer(); timer !== undefined; timer = this.#dueTimer()) {
      this.#timers.delete(timer);
      this.dispatch({ type: 'timer', timer });
    }
  }

  #dueTimer(): MasterTimer | undefined {
    for (const [timer, at] of this.#timers) {
      if (at <= this.nowMs) {
        return timer;
      }
    }
    return undefined;
  }

  /** When the next timer fires; Infinity where there is none. */
  get nextTimerMs(): number {
    return Math.min(...this.#timers.values());
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = this.nextTimerMs;
      if (next > end) {
        break;
      }
      this.nowMs = Math.max(this.nowMs, next);
      this.#fireDue();
    }
    this.nowMs = end;
  }

  /** One allocation interval. */
  allocate(): void {
    this.advance(this.options.allocationIntervalMs);
  }

  /** The next master, on this one's registry, as after a kill -9. */
  restart(afterMs = 1000): World {
    const nowMs = this.nowMs + afterMs;
    const options = { ...this.options, id: nextId(this.options.id), startTimeMs: nowMs };
    const past = { disk: this.disk, nowMs, core: this.#core, onEffect: this.#onEffect };
    return new World(options, past);
  }

  uuid(): Uint8Array {
    return this.#random.uuid();
  }

  nextRequest() {
    return requestId(`r${this.#requests++}`);
  }

  answer(request: string) {
    return this.#replies.get(request);
  }

  operate(call: MasterCall, principal?: Principal): { status: number; text?: string | undefined } {
    const request = this.nextRequest();
    this.dispatch({ type: 'operatorCall', request, call, principal });
    const answer = this.answer(request);
    return answer?.type === 'reply'
      ? { status: answer.status, text: answer.text }
      : { status: answer === undefined ? 0 : 200 };
  }

  /** The message that a call is answered with; undefined where there is none, or none yet. */
  ask(call: MasterCall, principal?: Principal): MasterResponse | undefined {
    const request = this.nextRequest();
    this.dispatch({ type: 'operatorCall', request, call, principal });
    const answer = this.answer(request);
    return answer?.type === 'respond' ? answer.response : undefined;
  }

  read(call: MasterCall): MasterResponse {
    const response = this.views.read(call, viewer);
    if (response === undefined) {
      throw new Error('not a read call');
    }
    return response;
  }

  /** Messages to a pid, oldest first, without pings. */
  sentTo<Name extends MessageToAgent['name']>(pid: string, name: Name) {
    const found = [];
    for (const { to, message } of this.toAgents) {
      if (to === pid && message.name === name) {
        found.push(message.body as Extract<MessageToAgent, { name: Name }>['body']);
      }
    }
    return found;
  }

  agent(options: AgentSetup = {}): FakeAgent {
    const agent = new FakeAgent(this, options);
    agent.register();
    return agent;
  }

  framework(info: Partial<FrameworkInfo> = {}, more: Partial<SchedulerCall_Subscribe> = {}) {
    const framework = new FakeFramework(this, info, more);
    framework.subscribe();
    return framework;
  }
}

export interface AgentSetup {
  readonly pid?: string;
  readonly hostname?: string;
  readonly resources?: string;
  readonly capabilities?: readonly { type: AgentInfo_Capability_Type }[];
  readonly version?: string;
  readonly id?: string;
}

export class FakeAgent {
  readonly world: World;
  readonly pid: string;
  readonly setup: AgentSetup;
  id = '';

  constructor(world: World, setup: AgentSetup) {
    this.world = world;
    this.setup = setup;
    this.pid = setup.pid ?? 'slave(1)@10.0.0.2:5051';
    this.id = setup.id ?? '';
  }

  info() {
    return {
      hostname: this.setup.hostname ?? 'node2',
      port: 5051,
      resources: resources(this.setup.resources ?? 'cpus:4;mem:4096;disk:8192;ports:[31000-32000]'),
      checkpoint: true,
    };
  }

  send<Name extends keyof ToMaster>(name: Name, body: ToMaster[Name]): void {
    const message = { name, body } as MessageToMaster;
    this.world.dispatch({ type: 'agentMessage', from: this.pid, message });
  }

  register(): void {
    this.send('RegisterAgentMessage', {
      agent: this.info(),
      version: this.setup.version ?? '1.11.0',
      agent_capabilities: [...(this.setup.capabilities ?? capabilities)],
      resource_version_uuid: { value: this.world.uuid() },
    });
    this.id = this.world.sentTo(this.pid, 'AgentRegisteredMessage').at(-1)?.agent_id.value ?? '';
  }

  reregister(
    more: Partial<ReregisterAgentMessage> = {},
    where: { pid?: string; hostname?: string } = {},
  ): void {
    const message: ReregisterAgentMessage = {
      agent: {
        ...this.info(),
        id: { value: this.id },
        ...(where.hostname !== undefined && { hostname: where.hostname }),
      },
      version: '1.11.0',
      agent_capabilities: [...(this.setup.capabilities ?? capabilities)],
      resource_version_uuid: { value: this.world.uuid() },
      ...more,
    };
    this.world.dispatch({
      type: 'agentMessage',
      from: where.pid ?? this.pid,
      message: { name: 'ReregisterAgentMessage', body: message },
    });
  }

  sent<Name extends MessageToAgent['name']>(name: Name) {
    return this.world.sentTo(this.pid, name);
  }

  pong(): void {
    this.send('PongAgentMessage', {});
  }

  /** Reports a state of a task, as an agent does; returns the uuid. */
  update(
    framework: FakeFramework,
    task: string,
    state: TaskState,
    more: Partial<TaskStatus> & { latestState?: TaskState } = {},
  ): Uint8Array {
    const uuid = this.world.uuid();
    const { latestState, ...status } = more;
    this.send('StatusUpdateMessage', {
      pid: this.pid,
      update: {
        framework_id: { value: framework.id },
        agent_id: { value: this.id },
        status: {
          task_id: { value: task },
          state,
          source: TaskStatus_Source.SOURCE_EXECUTOR,
          agent_id: { value: this.id },
          timestamp: this.world.nowMs / 1000,
          uuid,
          ...status,
        },
        timestamp: this.world.nowMs / 1000,
        uuid,
        ...(latestState !== undefined && { latest_state: latestState }),
      },
    });
    return uuid;
  }
}

export class FakeFramework {
  readonly world: World;
  readonly info: FrameworkInfo;
  readonly more: Partial<SchedulerCall_Subscribe>;
  id = '';
  stream: StreamId;
  static #count = 0;

  constructor(world: World, info: Partial<FrameworkInfo>, more: Partial<SchedulerCall_Subscribe>) {
    this.world = world;
    this.more = more;
    this.info = {
      user: 'root',
      name: 'test',
      roles: ['dev'],
      capabilities: [{ type: FrameworkInfo_Capability_Type.MULTI_ROLE }],
      ...info,
    };
    this.id = info.id?.value ?? '';
    this.stream = streamId(`s${FakeFramework.#count++}`);
  }

  /** Subscribes, or resubscribes where it has an id; on a new stream each time. */
  subscribe(
    change: Partial<FrameworkInfo> = {},
    more: Partial<SchedulerCall_Subscribe> = {},
    principal?: Principal,
  ) {
    this.stream = streamId(`s${FakeFramework.#count++}`);
    const id = this.id === '' ? {} : { id: { value: this.id } };
    const request = this.world.nextRequest();
    const info = { ...this.info, ...change, ...id };
    this.world.dispatch({
      type: 'schedulerSubscribe',
      request,
      stream: this.stream,
      principal,
      call: {
        ...(this.id !== '' && { framework_id: { value: this.id } }),
        type: SchedulerCall_Type.SUBSCRIBE,
        subscribe: { ...this.more, ...more, framework_info: info },
      },
    });
    this.id = this.first('SUBSCRIBED')?.subscribed?.framework_id.value ?? this.id;
    return this.world.answer(request);
  }

  events(type?: keyof typeof SchedulerEvent_Type): SchedulerEvent[] {
    const events = this.world.streams.get(this.stream) ?? [];
    return type === undefined
      ? events.filter((it) => it.type !== SchedulerEvent_Type.HEARTBEAT)
      : events.filter((it) => it.type === SchedulerEvent_Type[type]);
  }

  first(type: keyof typeof SchedulerEvent_Type) {
    return this.events(type)[0];
  }

  last(type: keyof typeof SchedulerEvent_Type) {
    return this.events(type).at(-1);
  }

  offers(): Offer[] {
    return this.events('OFFERS').flatMap((it) => it.offers?.offers ?? []);
  }

  offer(): Offer {
    const offer = this.offers().at(-1);
    if (offer === undefined) {
      throw new Error('no offer');
    }
    return offer;
  }

  statuses(task?: string): TaskStatus[] {
    return this.events('UPDATE').flatMap(({ update }) =>
      update !== undefined && (task === undefined || update.status.task_id.value === task)
        ? [update.status]
        : [],
    );
  }

  call(
    type: keyof typeof SchedulerCall_Type,
    body: Partial<SchedulerCall> = {},
    stream: StreamId | undefined = this.stream,
  ): { status: number; text?: string | undefined } {
    const request = this.world.nextRequest();
    this.world.dispatch({
      type: 'schedulerCall',
      request,
      stream,
      call: { framework_id: { value: this.id }, type: SchedulerCall_Type[type], ...body },
    });
    const answer = this.world.answer(request);
    return answer?.type === 'reply' ? { status: answer.status, text: answer.text } : { status: 0 };
  }

  accept(offers: readonly Offer[], operations: Offer_Operation[], refuseSeconds = 0) {
    return this.call('ACCEPT', {
      accept: {
        offer_ids: offers.map(({ id }) => id),
        operations,
        filters: { refuse_seconds: refuseSeconds },
      },
    });
  }

  /** Launches tasks on an offer, given as ids or whole TaskInfos. */
  launch(offer: Offer, ...tasks: (string | Partial<TaskInfo>)[]) {
    return this.accept([offer], [launchOf(offer, ...tasks)]);
  }

  acknowledge(agent: FakeAgent, task: string, uuid: Uint8Array) {
    return this.call('ACKNOWLEDGE', {
      acknowledge: { agent_id: { value: agent.id }, task_id: { value: task }, uuid },
    });
  }

  disconnect(): void {
    this.world.dispatch({ type: 'streamClosed', stream: this.stream });
  }
}

export function taskOf(offer: Offer, task: string | Partial<TaskInfo>): TaskInfo {
  const named = typeof task === 'string' ? { task_id: { value: task }, name: task } : task;
  return {
    name: 'task',
    task_id: { value: 'task' },
    agent_id: offer.agent_id,
    resources: resources('cpus:1;mem:64'),
    ...(named.executor === undefined && { command: { value: 'sleep 1000' } }),
    ...named,
  };
}

export const launchOf = (
  offer: Offer,
  ...tasks: (string | Partial<TaskInfo>)[]
): Offer_Operation => ({
  type: Offer_Operation_Type.LAUNCH,
  launch: { task_infos: tasks.map((task) => taskOf(offer, task)) },
});

/** A task as an agent reports it when it reregisters. */
export const runningTask = (
  framework: FakeFramework,
  agent: FakeAgent,
  id: string,
  state: TaskState = TaskState.TASK_RUNNING,
): Task => ({
  name: id,
  task_id: { value: id },
  framework_id: { value: framework.id },
  agent_id: { value: agent.id },
  state,
  resources: resources('cpus:1;mem:64').map((it) => ({ ...it, allocation_info: { role: 'dev' } })),
});

/** A world with one agent, and one framework that has an offer. */
export function cluster(options: Partial<MasterOptions> = {}, info: Partial<FrameworkInfo> = {}) {
  const world = new World(options);
  const agent = world.agent();
  const framework = world.framework(info);
  world.allocate();
  return { world, agent, framework };
}
