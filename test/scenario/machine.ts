// A machine of a scenario: the real state machine of an agent, what it has stored, and executors
// that the scenario plays.
import type { AgentEffect, LaunchExecutor } from '../../src/agent/effects.ts';
import {
  ExecutorCall_Type,
  type ExecutorInfo,
  TaskState,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import {
  type ContainerId,
  type ExecutorId,
  executorId,
  type FrameworkId,
  frameworkId,
  requestId,
  type StreamId,
  streamId,
} from '../../src/model/ids.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { World as AgentWorld, MASTER } from '../agent/harness.ts';
import { CheckpointDisk } from '../simulation/checkpoint-disk.ts';

interface Container {
  readonly id: ContainerId;
  readonly framework: FrameworkId;
  readonly executor: ExecutorId;
  readonly info: ExecutorInfo;
  readonly builtin: LaunchExecutor['builtin'];
  readonly tasks: Set<string>;
  stream: StreamId | undefined;
  isAlive: boolean;
  waitStatus?: number;
}

const SIGKILL = 9;

export class Machine {
  readonly name: string;
  readonly pid: string;
  /** Off the network: no message reaches the agent, and none of its own arrives. */
  isCutOff = false;
  world: AgentWorld | undefined;
  readonly #number: number;
  readonly #resources: string;
  readonly #onEffect: (effect: AgentEffect) => void;
  readonly #disk = new CheckpointDisk();
  readonly #containers: Container[] = [];
  #count = 0;

  constructor(machine: {
    readonly name: string;
    readonly number: number;
    readonly resources: string;
    readonly onEffect: (effect: AgentEffect) => void;
  }) {
    this.name = machine.name;
    this.#number = machine.number;
    this.#resources = machine.resources;
    this.#onEffect = machine.onEffect;
    this.pid = `slave(1)@10.0.0.${machine.number + 1}:5051`;
  }

  start(nowMs: number): void {
    this.world = new AgentWorld({
      pid: this.pid,
      hostname: this.name,
      resources: parseResources(this.#resources),
      seed: 1000 * this.#number + this.#count++,
    });
    this.world.nowMs = nowMs;
    const stateOf = (id: ContainerId) => {
      const { isAlive: alive, waitStatus } = this.#containerOf(id);
      return { alive, waitStatus };
    };
    const checkpoint = this.#disk.read(stateOf, false);
    this.#ask((world) => world.start(checkpoint));
    for (const container of this.#containers.filter(({ isAlive }) => isAlive)) {
      this.#subscribe(container);
    }
    this.masterDetected();
  }

  masterDetected(): void {
    this.#ask((world) => world.send({ type: 'masterDetected', master: MASTER }));
  }

  /** Kills the agent as kill -9 does: executors and stored data stay. */
  kill(): void {
    this.world = undefined;
    for (const container of this.#containers) {
      container.stream = undefined;
    }
  }

  pass(ms: number): void {
    this.#ask((world) => world.pass(ms));
  }

  hear(message: Parameters<AgentWorld['fromMaster']>[0], from: string): void {
    this.#ask((world) => world.fromMaster(message, from));
  }

  linkLost(): void {
    this.#ask((world) => world.send({ type: 'linkLost', address: '10.0.0.1:5050' }));
  }

  /** The executor in whose container the task is, or that has this name itself. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  subscribeExecutor(name: string): void {
    this.#subscribe(this.#the(name));
  }

  /** The executor reports a state of its task. */
  report(task: string, state: keyof typeof TaskState, message?: string): void {
    const container = this.#the(task);
    if (container.stream === undefined) {
      this.#subscribe(container);
    }
    const uuid = new Uint8Array(16).fill(0x44);
    uuid[15] = this.#number;
    new DataView(uuid.buffer).setUint32(0, ++this.#count);
    this.#call(container, {
      type: ExecutorCall_Type.UPDATE,
      update: {
        status: {
          task_id: { value: task },
          state: TaskState[state],
          source: TaskStatus_Source.SOURCE_EXECUTOR,
          uuid,
          ...(message === undefined ? {} : { message }),
        },
      },
    });
  }

  /** The executor's process ends; `waitStatus` is that of wait(2). */
  endContainer(name: string, waitStatus: number): void {
    this.#end(this.#the(name), waitStatus);
  }

  #end(container: Container, waitStatus: number): void {
    if (!container.isAlive) {
      return;
    }
    container.isAlive = false;
    container.waitStatus = waitStatus;
    this.#ask((world) =>
      world.send({
        type: 'containerEnded',
        frameworkId: container.framework,
        executorId: container.executor,
        containerId: container.id,
        waitStatus,
      }),
    );
  }

  #subscribe(container: Container): void {
    const stream = streamId(`${this.name}-${this.#count++}`);
    container.stream = stream;
    this.#ask((world) => {
      world.send({
        type: 'containerStarted',
        frameworkId: container.framework,
        executorId: container.executor,
        containerId: container.id,
        processId: 4711,
      });
      world.send({
        type: 'executorSubscribe',
        request: requestId(stream),
        stream,
        ...(container.builtin === undefined ? {} : { isBuiltin: true }),
        call: {
          type: ExecutorCall_Type.SUBSCRIBE,
          framework_id: { value: container.framework },
          executor_id: { value: container.executor },
          subscribe: {},
        },
      });
    });
  }

  #call(container: Container, call: { readonly type: ExecutorCall_Type; readonly update: object }) {
    this.#ask((world) =>
      world.send({
        type: 'executorCall',
        request: requestId(`${this.name}-${this.#count++}`),
        ...(container.builtin === undefined ? {} : { isBuiltin: true }),
        call: {
          framework_id: { value: container.framework },
          executor_id: { value: container.executor },
          ...call,
        } as never,
      }),
    );
  }

  /** Lets the agent, if it runs, take events; then performs and records its effects. */
  #ask(happens: (world: AgentWorld) => void): void {
    const { world } = this;
    if (world === undefined) {
      return;
    }
    happens(world);
    for (const change of world.durable.splice(0)) {
      this.#disk.apply(change);
    }
    for (const effect of world.effects.splice(0)) {
      this.#perform(effect);
    }
  }

  #perform(effect: AgentEffect): void {
    if (effect.type === 'launchExecutor') {
      this.#containers.push({
        id: effect.containerId,
        framework: frameworkId(effect.framework.id?.value ?? ''),
        executor: executorId(effect.executor.executor_id.value),
        info: effect.executor,
        builtin: effect.builtin,
        tasks: new Set(effect.task === undefined ? [] : [effect.task.task_id.value]),
        stream: undefined,
        isAlive: true,
      });
    }
    if (effect.type === 'sendToExecutor') {
      const { launch, launch_group } = effect.event;
      const container = this.#containers.find(({ stream }) => stream === effect.stream);
      for (const task of [
        ...(launch ? [launch.task] : []),
        ...(launch_group?.task_group.tasks ?? []),
      ]) {
        container?.tasks.add(task.task_id.value);
      }
    }
    this.#onEffect(effect);
    if (effect.type === 'destroyContainer') {
      this.#end(this.#containerOf(effect.containerId), SIGKILL);
    }
  }

  executorOf(stream: StreamId): string {
    return this.#containers.find((it) => it.stream === stream)?.executor ?? stream;
  }

  #containerOf(id: ContainerId): Container {
    const found = this.#containers.find((it) => it.id === id);
    if (found === undefined) {
      throw new Error(`${this.name} has no container ${id}`);
    }
    return found;
  }

  #find(name: string): Container | undefined {
    return this.#containers.findLast(
      (it) => it.isAlive && (it.tasks.has(name) || it.executor === name),
    );
  }

  #the(name: string): Container {
    const found = this.#find(name);
    if (found === undefined) {
      throw new Error(`no task or executor ${name} is on ${this.name}`);
    }
    return found;
  }
}
