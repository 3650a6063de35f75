// Drives the agent's driver as an agent does: subscribes, launches and acknowledges. It keeps what
// was reported, so that a test can wait for it.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentCheckpoint, CheckpointChange } from '../../src/agent/checkpoint.ts';
import type { LaunchExecutor } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import { AgentDriver, type AgentDriverOptions } from '../../src/agent-driver/driver.ts';
import type { FetchOptions } from '../../src/containerizer/fetcher/fetcher.ts';
import { lookAtHost } from '../../src/containerizer/host/host.ts';
import type { IsolatorOptions } from '../../src/containerizer/isolators/isolators.ts';
import { controllersUsed } from '../../src/containerizer/isolators/names.ts';
import type { LauncherName } from '../../src/containerizer/launchers/names.ts';
import { parentOf } from '../../src/model/container-id.ts';
import type {
  ContainerInfo,
  ExecutorEvent,
  FrameworkInfo,
  Resource,
  TaskInfo,
} from '../../src/model/generated/messages.ts';
import {
  ExecutorCall_Type,
  ExecutorEvent_Type,
  FrameworkInfo_Capability_Type,
  TaskState,
  type TaskStatus,
} from '../../src/model/generated/messages.ts';
import {
  type ContainerId,
  containerId,
  executorId,
  frameworkId,
  type StreamId,
} from '../../src/model/ids.ts';
import {
  type EventSink,
  PendingRequests,
  StreamRegistry,
} from '../../src/runtime/pending-requests.ts';
import { CGROUP_HIERARCHY, cgroupRoot, removeAgentCgroups } from '../support/test-cgroups.ts';
import { ContainerCalls } from './container-calls.ts';

export const programs = [fileURLToPath(new URL('../../build', import.meta.url))];

export const stateName = (state: TaskState) =>
  Object.entries(TaskState).find(([, value]) => value === state)?.[0] ?? String(state);

/** A folder that is removed after the test; tasks of all users may enter it. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'mesoscale-driver-'));
  chmodSync(path, 0o755);
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
      removeAgentCgroups(path);
    },
  };
}

export interface Launch {
  readonly container?: string;
  readonly task?: Partial<TaskInfo>;
  readonly framework?: Partial<FrameworkInfo>;
  readonly user?: string;
  readonly custom?: LaunchExecutor['command'];
  /** The tasks of a default executor; their names are their ids. */
  readonly group?: readonly (Partial<TaskInfo> & { readonly name: string })[];
  /** Of the default executor itself. */
  readonly executorContainer?: ContainerInfo;
  readonly checkpoint?: boolean;
  /** The resources of a custom executor. */
  readonly resources?: Resource[];
}

const terminal: readonly TaskState[] = [
  TaskState.TASK_FINISHED,
  TaskState.TASK_FAILED,
  TaskState.TASK_KILLED,
];

interface Opening {
  readonly withCgroups?: boolean;
  /** Where the hierarchies of cgroups are mounted. */
  readonly hierarchy?: string;
  readonly fetching?: FetchOptions | undefined;
  readonly isStrict?: boolean;
  readonly isolation?: readonly string[];
  readonly isolators?: IsolatorOptions;
  readonly logger?: AgentDriverOptions['logger'];
  readonly launcher?: LauncherName;
  readonly containerizers?: AgentDriverOptions['containerizers'];
  readonly ociRuntime?: string;
  readonly garbage?: Partial<AgentDriverOptions['garbage']>;
  readonly images?: AgentDriverOptions['images'];
  readonly volumeGids?: AgentDriverOptions['volumeGids'];
  readonly networks?: AgentDriverOptions['networks'];
}

export class DriverHarness {
  readonly events: AgentEvent[] = [];
  readonly logs: string[] = [];
  /** Sees each event before it is answered. */
  watch: (event: AgentEvent) => void = () => {};
  /** If false, terminal updates stay unacknowledged. */
  acknowledge = true;
  readonly work: string;
  driver!: AgentDriver;
  readonly requests = new PendingRequests<EventSink<ExecutorEvent>>();
  readonly streams = new StreamRegistry<EventSink<ExecutorEvent>>((stream) =>
    this.#dispatch({ type: 'streamClosed', nowMs: 0, stream }),
  );
  checkpoint!: AgentCheckpoint;
  #waiting: (() => void)[] = [];
  #streams = new Map<string, StreamId>();
  #launched = new Set<string>();
  #launches = new Map<string, LaunchExecutor>();
  #groups = new Map<string, TaskInfo[]>();
  #transaction = 0;

  private constructor(work: string) {
    this.work = work;
  }

  static async open(
    work: string,
    {
      withCgroups = true,
      hierarchy = CGROUP_HIERARCHY,
      fetching,
      isStrict = true,
      isolation = ['posix/cpu', 'posix/mem'],
      isolators,
      logger,
      launcher = 'posix',
      containerizers,
      ociRuntime,
      garbage,
      images,
      volumeGids,
      networks,
    }: Opening = {},
  ) {
    const harness = new DriverHarness(work);
    harness.driver = await AgentDriver.open({
      workDirectory: work,
      ip: '10.0.0.9',
      programs,
      launcher,
      containerizers,
      ociRuntime,
      images,
      volumeGids,
      networks,
      isolation,
      isolators,
      logger,
      host: lookAtHost({
        cgroups: withCgroups
          ? {
              hierarchy,
              root: cgroupRoot(work),
              controllers: controllersUsed(isolation, containerizers),
            }
          : undefined,
      }),
      fetching,
      requests: harness.requests,
      streams: harness.streams,
      garbage: {
        policy: { delayMs: 3_600_000, headroom: 0.1 },
        diskWatchIntervalMs: 60_000,
        isForAll: false,
        ...garbage,
      },
      isStrict,
      lingerMs: 0,
      podLingerMs: 0,
      shutdownGraceMs: 5_000,
      mayRunAs: () => true,
      mayLaunchAs: () => true,
      nowMs: Date.now,
      dispatch: (event) => harness.#dispatch(event),
      log: (_, text) => harness.#log(text),
    });
    try {
      harness.checkpoint = await harness.driver.recover();
    } catch (error) {
      await harness.driver.close();
      throw error;
    }
    return harness;
  }

  launch(launch: Launch): ContainerId {
    const effect = this.declare(launch).effect;
    this.driver.perform(effect);
    return effect.containerId;
  }

  /**
   * What an agent does before a launch: makes the framework known, and stores it where it
   * checkpoints.
   */
  declare(launch: Launch): { readonly effect: LaunchExecutor; readonly recordedIn: number } {
    const effect = launchEffect(launch);
    this.#launches.set(effect.containerId, effect);
    if (launch.group !== undefined) {
      this.#groups.set(effect.containerId, launch.group.map(taskOf));
    }
    const { task } = effect;
    const changes: CheckpointChange[] = [
      { type: 'agent', agent: { hostname: 'test', id: { value: 'a-1' } } },
      { type: 'framework', framework: effect.framework },
      {
        type: 'executor',
        ...idsOf(effect.containerId),
        info: effect.executor,
        builtin: effect.builtin,
      },
    ];
    if (task !== undefined) {
      changes.push({ type: 'task', ...idsOf(effect.containerId), info: task });
    }
    return { effect, recordedIn: launch.checkpoint === true ? this.store(changes) : 0 };
  }

  reattach(launch: Launch): ContainerId {
    const effect = launchEffect(launch);
    this.#launches.set(effect.containerId, effect);
    this.#launched.add(effect.containerId);
    this.driver.perform({ ...effect, type: 'reattachExecutor' });
    return effect.containerId;
  }

  store(changes: readonly CheckpointChange[]): number {
    this.driver.perform({ type: 'checkpoint', transaction: ++this.#transaction, changes });
    return this.#transaction;
  }

  send(container: ContainerId, event: ExecutorEvent): void {
    const stream = this.#streams.get(container);
    if (stream === undefined) {
      throw new Error(`${container} has not subscribed`);
    }
    this.streams.get(stream)?.send(event);
  }

  kill(container: ContainerId, graceMs?: number): void {
    this.send(container, {
      type: ExecutorEvent_Type.KILL,
      kill: {
        task_id: { value: container },
        ...(graceMs !== undefined && {
          kill_policy: { grace_period: { nanoseconds: BigInt(graceMs) * 1_000_000n } },
        }),
      },
    });
  }

  /** Resolves when it has ended. */
  destroy(container: ContainerId) {
    this.driver.perform({ ...idsOf(container), type: 'destroyContainer' });
    return this.ended(container);
  }

  inSandbox(container: ContainerId, ...names: string[]): string {
    return join(this.work, sandboxPath(container), ...names);
  }

  /** Ends everything that was started, and then the driver. */
  async end(): Promise<void> {
    for (const event of this.events) {
      if (event.type === 'containerStarted') {
        await this.destroy(event.containerId);
      }
    }
    const calls = new ContainerCalls(this);
    for (const { containerId, standsAlone } of this.driver.otherContainers()) {
      if (standsAlone && parentOf(containerId) === undefined) {
        await calls.kill(containerId);
        await calls.wait(containerId);
      }
    }
    await this.driver.close();
  }

  /** All updates so far of the container's task. */
  statuses(container: ContainerId): TaskStatus[] {
    return this.events.flatMap((event) =>
      event.type === 'executorCall' &&
      event.call.executor_id.value === container &&
      event.call.update !== undefined
        ? [event.call.update.status]
        : [],
    );
  }

  states(container: ContainerId): string[] {
    return this.statuses(container).map((status) => stateName(status.state));
  }

  /** Waits until the predicate finds something in the dispatched events. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) {
        return found;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  status(container: ContainerId, wanted: TaskState): Promise<TaskStatus> {
    return this.until(() => this.statuses(container).find(({ state }) => state === wanted));
  }

  terminalStatus(container: ContainerId): Promise<TaskStatus> {
    return this.until(() => this.statuses(container).find(({ state }) => terminal.includes(state)));
  }

  /** What the task of a launch prints, or why it does not finish. */
  async outcome(launch: Launch): Promise<string> {
    const id = this.launch(launch);
    const end = await Promise.race([this.terminalStatus(id), this.ended(id)]);
    if ('state' in end && end.state === TaskState.TASK_FINISHED) {
      return readFileSync(this.inSandbox(id, 'stdout'), 'utf8');
    }
    return 'state' in end ? (end.message ?? '') : (end.failure ?? '');
  }

  started(container: ContainerId) {
    return this.until(() => this.#of('containerStarted', container));
  }

  ended(container: ContainerId) {
    return this.until(() => this.#of('containerEnded', container));
  }

  stored(transaction: number) {
    return this.until(() =>
      this.events
        .filter((event) => event.type === 'checkpointed')
        .find((event) => event.transaction === transaction),
    );
  }

  logged(text: RegExp) {
    return this.until(() => this.logs.find((line) => text.test(line)));
  }

  #log(text: string): void {
    this.logs.push(text);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }

  #of<Type extends 'containerStarted' | 'containerEnded'>(type: Type, container: ContainerId) {
    return this.events.find(
      (event): event is Extract<AgentEvent, { type: Type }> =>
        event.type === type && event.containerId === container,
    );
  }

  #dispatch(event: AgentEvent): void {
    this.events.push(event);
    this.watch(event);
    if (event.type === 'executorSubscribe') {
      this.streams.add(event.stream, this.requests.take(event.request)?.open?.(event.stream));
      this.#subscribed(event.call.executor_id.value, event.stream);
    }
    if (event.type === 'executorCall') {
      this.requests.take(event.request)?.reply(202, undefined);
    }
    if (event.type === 'executorCall' && event.call.type === ExecutorCall_Type.UPDATE) {
      this.#acknowledge(event.call.executor_id.value, event.call.update?.status);
    }
    this.#wake();
  }

  #subscribed(container: string, stream: StreamId): void {
    this.#streams.set(container, stream);
    const effect = this.#launches.get(container);
    if (effect === undefined) {
      throw new Error(`${container} was not launched`);
    }
    const group = this.#groups.get(container);
    this.send(effect.containerId, {
      type: ExecutorEvent_Type.SUBSCRIBED,
      subscribed: {
        executor_info: effect.executor,
        framework_info: effect.framework,
        agent_info: { hostname: 'test' },
      },
    });
    if (!this.#launched.has(container)) {
      this.#launched.add(container);
      if (group !== undefined) {
        this.send(effect.containerId, {
          type: ExecutorEvent_Type.LAUNCH_GROUP,
          launch_group: { task_group: { tasks: group } },
        });
      } else if (effect.task !== undefined) {
        this.send(effect.containerId, {
          type: ExecutorEvent_Type.LAUNCH,
          launch: { task: effect.task },
        });
      }
    }
  }

  #acknowledge(container: string, status: TaskStatus | undefined): void {
    if (this.acknowledge && status?.uuid !== undefined) {
      this.send(containerId(container), {
        type: ExecutorEvent_Type.ACKNOWLEDGED,
        acknowledged: { task_id: status.task_id, uuid: status.uuid },
      });
    }
  }
}

let lastContainer = 0;

/** Relative to the work directory. */
export const sandboxPath = (container: string) =>
  `slaves/a-1/frameworks/f-1/executors/${container}/runs/${container}`;

const taskOf = (task: Partial<TaskInfo> & { readonly name: string }): TaskInfo => ({
  task_id: { value: task.name },
  agent_id: { value: 'a-1' },
  ...task,
});

/** Executor, task and container have the same id, so that one name finds all three. */
function launchEffect(launch: Launch): LaunchExecutor {
  const id = launch.container ?? `c-${process.pid}-${++lastContainer}`;
  const isGroup = launch.group !== undefined;
  const isBuiltin = launch.custom === undefined && !isGroup;
  return {
    type: 'launchExecutor',
    framework: {
      user: 'root',
      name: 'test',
      id: { value: 'f-1' },
      checkpoint: launch.checkpoint === true,
      ...launch.framework,
    },
    executor: {
      executor_id: { value: id },
      framework_id: { value: 'f-1' },
      ...(launch.resources === undefined ? {} : { resources: launch.resources }),
      ...(launch.executorContainer && { container: launch.executorContainer }),
    },
    builtin: isGroup ? 'default' : isBuiltin ? 'command' : undefined,
    containerId: containerId(id),
    sandbox: sandboxPath(id),
    command: launch.custom,
    environment: { MESOS_FRAMEWORK_ID: 'f-1', MESOS_EXECUTOR_ID: id },
    user: launch.user,
    resources: [launch, launch.task, ...(launch.group ?? [])].flatMap((it) => it?.resources ?? []),
    limits: launch.task?.limits,
    task: isBuiltin
      ? {
          name: 'task',
          task_id: { value: id },
          agent_id: { value: 'a-1' },
          command: { value: 'true' },
          ...launch.task,
        }
      : undefined,
  };
}

const idsOf = (container: ContainerId) => ({
  frameworkId: frameworkId('f-1'),
  executorId: executorId(container),
  containerId: container,
});

export const killingCapability: Partial<FrameworkInfo> = {
  capabilities: [{ type: FrameworkInfo_Capability_Type.TASK_KILLING_STATE }],
};
