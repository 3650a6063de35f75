// An agent in a world of virtual time: the test commits its disk's writes, and plays executors and
// master. All effects of the agent are kept, so that a test looks at outcomes.
import { readFileSync } from 'node:fs';
import { createAgent, step } from '../../src/agent/agent.ts';
import type { AgentCheckpoint, CheckpointChange } from '../../src/agent/checkpoint.ts';
import type { AgentEffect } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import { type AgentOptions, defaultAgentOptions } from '../../src/agent/options.ts';
import type { AgentTimer } from '../../src/agent/timers.ts';
import { createCore } from '../../src/core/core.ts';
import type { MessageToAgent, MessageToMaster } from '../../src/model/agent-messages.ts';
import {
  ExecutorCall_Type,
  type ExecutorEvent,
  type ExecutorInfo,
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type Resource,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  TaskStatus_Source,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import {
  type ContainerId,
  executorId,
  frameworkId,
  requestId,
  type StreamId,
  streamId,
} from '../../src/model/ids.ts';
import { Random } from '../../src/model/random.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { permissive } from '../../src/security/authorizer.ts';

export const coreModule = new WebAssembly.Module(
  readFileSync(new URL('../../build/mesoscale-core.wasm', import.meta.url)),
);

export const MASTER = 'master@10.0.0.1:5050';
export const OBSERVER = 'slave-observer(1)@10.0.0.1:5050';
export const AGENT_ID = 'c0ffee00-0000-4000-8000-000000000000-S0';
export const FRAMEWORK = 'c0ffee00-0000-4000-8000-000000000000-0000';
const START_MS = 1_700_000_000_000;

type Sent<Name extends MessageToMaster['name']> = Extract<MessageToMaster, { name: Name }>['body'];
type Effect<Type extends AgentEffect['type']> = Extract<AgentEffect, { type: Type }>;
type Event<Type extends AgentEvent['type']> = Omit<Extract<AgentEvent, { type: Type }>, 'nowMs'>;

/** Events without their time, which the world adds. */
type Untimed = { [Type in AgentEvent['type']]: Event<Type> }[AgentEvent['type']];

/** Has the agent take an event, by `take`. */
type OnEvent = (event: AgentEvent, take: (event: AgentEvent) => AgentEffect[]) => AgentEffect[];

export class World {
  readonly options: AgentOptions;
  readonly agent: ReturnType<typeof createAgent>;
  nowMs = START_MS;
  effects: AgentEffect[] = [];
  /** If false, transactions wait for `commit`. */
  commitsAtOnce = true;
  readonly changes: CheckpointChange[] = [];
  /** Those of `changes` that would survive a crash. */
  readonly durable: CheckpointChange[] = [];
  exited: Effect<'exit'> | undefined;
  #uncommitted: Effect<'checkpoint'>[] = [];
  readonly #timers = new Map<AgentTimer, number>();
  readonly #random = new Random(11);
  readonly #onEvent: OnEvent;
  #requests = 0;

  constructor(
    options: Partial<AgentOptions> = {},
    core = createCore(coreModule),
    onEvent: OnEvent = (event, take) => take(event),
  ) {
    this.#onEvent = onEvent;
    this.options = {
      ...defaultAgentOptions,
      pid: 'slave(1)@10.0.0.2:5051',
      hostname: 'node2',
      port: 5051,
      resources: parseResources('cpus:4;mem:4096;disk:8192;ports:[31000-32000]'),
      build: { version: '1.11.0' },
      workDir: '/var/lib/mesos',
      authorizer: permissive,
      seed: 7,
      ...options,
    };
    this.agent = createAgent(this.options, core);
  }

  send(event: Untimed): AgentEffect[] {
    const timed = { ...event, nowMs: this.nowMs } as AgentEvent;
    const effects = this.#onEvent(timed, (it) => step(this.agent, it));
    this.effects.push(...effects);
    for (const effect of effects) {
      this.#perform(effect);
    }
    return effects;
  }

  #perform(effect: AgentEffect): void {
    switch (effect.type) {
      case 'setTimer':
        this.#timers.set(effect.timer, this.nowMs + effect.delayMs);
        break;
      case 'clearTimer':
        this.#timers.delete(effect.timer);
        break;
      case 'exit':
        this.exited ??= effect;
        break;
      case 'checkpoint':
        this.changes.push(...effect.changes);
        this.#uncommitted.push(effect);
        if (this.commitsAtOnce) {
          this.commit();
        }
        break;
      default:
        break;
    }
  }

  uuid(): Uint8Array {
    return this.#random.uuid();
  }

  commit(): void {
    const committed = this.#uncommitted;
    this.#uncommitted = [];
    for (const { transaction, changes } of committed) {
      this.durable.push(...changes);
      this.send({ type: 'checkpointed', transaction });
    }
  }

  /** When the next timer fires; Infinity where there is none. */
  get nextTimerMs(): number {
    return Math.min(...this.#timers.values());
  }

  /** Lets time pass, and fires every timer on the way. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].toSorted((a, b) => a[1] - b[1]);
      if (next === undefined || next[1] > endMs) {
        break;
      }
      this.#timers.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1]);
      this.send({ type: 'timer', timer: next[0] });
    }
    this.nowMs = endMs;
  }

  /** All effects of the type since the last call. */
  take<Type extends AgentEffect['type']>(type: Type): Effect<Type>[] {
    const found = this.effects.filter((effect): effect is Effect<Type> => effect.type === type);
    this.effects = this.effects.filter((effect) => effect.type !== type);
    return found;
  }

  sent<Name extends MessageToMaster['name']>(name: Name): Sent<Name>[] {
    const of = (effect: AgentEffect) =>
      effect.type === 'sendToMaster' && effect.message.name === name;
    const found = this.effects.filter(of);
    this.effects = this.effects.filter((effect) => !of(effect));
    return found.map((effect) => (effect as Effect<'sendToMaster'>).message.body as Sent<Name>);
  }

  fromMaster(message: MessageToAgent, from = MASTER): void {
    this.send({ type: 'masterMessage', from, message });
  }

  start(checkpoint: AgentCheckpoint = { resources: [], frameworks: [] }): void {
    this.send({ type: 'recovered', checkpoint });
  }

  register(): void {
    this.start();
    this.send({ type: 'masterDetected', master: MASTER });
    this.pass(this.options.registrationBackoffFactorMs);
    this.fromMaster({
      name: 'AgentRegisteredMessage',
      body: {
        agent_id: { value: AGENT_ID },
        connection: { total_ping_timeout_seconds: 75 },
      },
    });
    this.effects = [];
  }

  runTask(task: TaskInfo, framework: FrameworkInfo = frameworkInfo(), startsExecutor = true): void {
    this.fromMaster({
      name: 'RunTaskMessage',
      body: {
        framework,
        task,
        resource_version_uuids: [{ uuid: this.agent.resourceVersion }],
        launch_executor: startsExecutor,
      },
    });
  }

  /** Starts the container and subscribes its executor. */
  subscribe(launched: Pick<Effect<'launchExecutor'>, 'executor' | 'containerId'>): StreamId {
    this.send({
      type: 'containerStarted',
      frameworkId: frameworkId(launched.executor.framework_id?.value ?? FRAMEWORK),
      executorId: executorId(launched.executor.executor_id.value),
      containerId: launched.containerId,
      processId: 4711,
    });
    return this.subscribeAgain(launched.executor.executor_id.value);
  }

  subscribeAgain(executor: string, unacknowledged: TaskStatus[] = []): StreamId {
    const stream = streamId(`stream-${++this.#requests}`);
    this.send({
      type: 'executorSubscribe',
      request: requestId(`request-${this.#requests}`),
      stream,
      ...this.#door(executor),
      call: {
        type: ExecutorCall_Type.SUBSCRIBE,
        framework_id: { value: FRAMEWORK },
        executor_id: { value: executor },
        subscribe: { unacknowledged_updates: unacknowledged.map((status) => ({ status })) },
      },
    });
    return stream;
  }

  update(
    executor: string,
    status: TaskStatus,
    told: Pick<Event<'executorCall'>, 'containerStatus'> = {},
  ): void {
    this.send({
      type: 'executorCall',
      request: requestId(`request-${++this.#requests}`),
      ...this.#door(executor),
      call: {
        type: ExecutorCall_Type.UPDATE,
        framework_id: { value: FRAMEWORK },
        executor_id: { value: executor },
        update: { status },
      },
      ...told,
    });
  }

  /** Built-in executors call from inside the agent, all others over HTTP. */
  #door(executor: string): { readonly isBuiltin?: true } {
    const { executors } = this.agent.frameworks.get(frameworkId(FRAMEWORK)) ?? {};
    const isBuiltin = executors?.get(executorId(executor))?.builtin !== undefined;
    return isBuiltin ? { isBuiltin } : {};
  }

  containerEnded(
    executor: string,
    containerId: ContainerId,
    end: Partial<Event<'containerEnded'>> = { waitStatus: 0 },
  ): void {
    this.send({
      type: 'containerEnded',
      frameworkId: frameworkId(FRAMEWORK),
      executorId: executorId(executor),
      containerId,
      ...end,
    });
  }

  acknowledge(task: string, uuid: Uint8Array | undefined): void {
    this.fromMaster({
      name: 'StatusUpdateAcknowledgementMessage',
      body: {
        agent_id: { value: AGENT_ID },
        framework_id: { value: FRAMEWORK },
        task_id: { value: task },
        uuid: uuid ?? new Uint8Array(16),
      },
    });
  }

  /** Acknowledges all updates that were sent to the master, and returns their states. */
  acknowledgeAll(): TaskState[] {
    const states: TaskState[] = [];
    for (let updates = this.sent('StatusUpdateMessage'); updates.length > 0; ) {
      for (const { update } of updates) {
        states.push(update.status.state);
        this.acknowledge(update.status.task_id.value, update.uuid);
      }
      updates = this.sent('StatusUpdateMessage');
    }
    return states;
  }

  eventsOf(stream: StreamId): ExecutorEvent[] {
    return this.take('sendToExecutor')
      .filter((effect) => effect.stream === stream)
      .map(({ event }) => event);
  }
}

export const scalar = (name: string, value: number): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value },
});

export const frameworkInfo = (more: Partial<FrameworkInfo> = {}): FrameworkInfo => ({
  user: 'root',
  name: 'test',
  id: { value: FRAMEWORK },
  roles: ['kit'],
  capabilities: [{ type: FrameworkInfo_Capability_Type.MULTI_ROLE }],
  ...more,
});

export const commandTask = (id: string, more: Partial<TaskInfo> = {}): TaskInfo => ({
  name: id,
  task_id: { value: id },
  agent_id: { value: AGENT_ID },
  resources: [scalar('cpus', 1), scalar('mem', 128)],
  command: { value: 'true', shell: true },
  ...more,
});

export const executorInfo = (id: string, more: Partial<ExecutorInfo> = {}): ExecutorInfo => ({
  executor_id: { value: id },
  framework_id: { value: FRAMEWORK },
  command: { value: 'sleep 60' },
  resources: [scalar('cpus', 0.1), scalar('mem', 32)],
  shutdown_grace_period: { nanoseconds: 200_000_000n },
  ...more,
});

export function executorTask(id: string, executor = executorInfo('ex')): TaskInfo {
  const { command: _, ...task } = commandTask(id);
  return { ...task, executor };
}

let updates = 0;

/** A status as executors make it, with a uuid. */
export function status(task: string, state: TaskState, more: Partial<TaskStatus> = {}): TaskStatus {
  const uuid = new Uint8Array(16).fill(0x44);
  new DataView(uuid.buffer).setUint32(0, ++updates);
  return {
    task_id: { value: task },
    state,
    source: TaskStatus_Source.SOURCE_EXECUTOR,
    uuid,
    ...more,
  };
}

/**
 * Runs a command task to its last update, which is not acknowledged yet; returns its launch effect.
 */
export function runToEnd(
  world: World,
  id: string,
  end: TaskState = TaskState.TASK_FINISHED,
  framework = frameworkInfo(),
) {
  world.runTask(commandTask(id), framework);
  const [launched] = world.take('launchExecutor');
  if (launched === undefined) {
    throw new Error('The agent launched nothing');
  }
  world.subscribe(launched);
  world.update(id, status(id, TaskState.TASK_STARTING));
  world.update(id, status(id, TaskState.TASK_RUNNING));
  world.update(id, status(id, end));
  world.containerEnded(id, launched.containerId);
  return launched;
}
