// A framework that keeps as many tasks running as it is told to, and then kills them.
import { setTimeout as delay } from 'node:timers/promises';
import { SchedulerClient } from '../../src/http/client/scheduler-client.ts';
import {
  type AgentID,
  ContainerInfo_Type,
  ExecutorInfo_Type,
  FrameworkInfo_Capability_Type,
  Image_Type,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { scalar } from '../e2e/fleet.ts';

/** What a task runs; its processes are told from those of the agent by this name. */
export const TASK_PROGRAM = 'sleep';

export interface LoadOptions {
  readonly master: string;
  readonly tasks: number;
  /** How many tasks a group has; 0: each task by itself. */
  readonly group: number;
  /** Whose files the containers have; absent: those of the machine. */
  readonly image?: string;
  /** The CNI network that the containers join; absent: the machine's. */
  readonly network?: string;
  /** Of the agent's, for each task. */
  readonly port?: number;
  /** In place of one that goes on until it is killed. */
  readonly command?: string;
}

export class ContainerLoad {
  readonly #options: LoadOptions;
  readonly #client: SchedulerClient;
  readonly #states = new Map<string, TaskState>();
  readonly #failed = Promise.withResolvers<never>();
  #launched = 0;
  /** The end that tasks come to now; undefined: none of them ends. */
  #awaited: TaskState | undefined;
  #firstMs = 0;
  #lastMs = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
    const { MULTI_ROLE, RESERVATION_REFINEMENT } = FrameworkInfo_Capability_Type;
    this.#client = new SchedulerClient({
      master: options.master,
      codec: 'protobuf',
      framework: {
        user: process.env.USER ?? 'root',
        name: 'bench',
        roles: ['bench'],
        checkpoint: true,
        failover_timeout: 3600,
        capabilities: [MULTI_ROLE, RESERVATION_REFINEMENT].map((type) => ({ type })),
      },
      onEvent: (event) => this.#receive(event),
    });
  }

  /** Milliseconds from the ACCEPT until every task runs. */
  async launched(): Promise<number> {
    await this.#until((state) => state === TaskState.TASK_RUNNING);
    return this.#lastMs - this.#firstMs;
  }

  /** Milliseconds from the ACCEPT until every task has ended by itself. */
  async finished(): Promise<number> {
    this.#awaited = TaskState.TASK_FINISHED;
    await this.#until((state) => state === TaskState.TASK_FINISHED);
    return this.#lastMs - this.#firstMs;
  }

  /** Milliseconds from the first KILL until every task has ended. */
  async killed(): Promise<number> {
    this.#awaited = TaskState.TASK_KILLED;
    const beganMs = performance.now();
    for (const id of this.#states.keys()) {
      this.#call({ type: SchedulerCall_Type.KILL, kill: { task_id: { value: id } } });
    }
    await this.#until(isTerminal);
    return this.#lastMs - beganMs;
  }

  async end(): Promise<void> {
    // The master ends the event stream as well, perhaps before it answers.
    await this.#client.call({ type: SchedulerCall_Type.TEARDOWN }).catch(() => undefined);
    this.#client.close();
  }

  #until(isMeant: (state: TaskState) => boolean): Promise<void> {
    const { tasks } = this.#options;
    const look = async () => {
      while (this.#states.size < tasks || ![...this.#states.values()].every(isMeant)) {
        await delay(1);
      }
    };
    return Promise.race([look(), this.#failed.promise]);
  }

  #call(call: Parameters<SchedulerClient['call']>[0]): void {
    this.#client.call(call).catch((error: Error) => this.#failed.reject(error));
  }

  #receive({ type, offers, update, error }: SchedulerEvent): void {
    if (type === SchedulerEvent_Type.OFFERS) {
      for (const offer of offers?.offers ?? []) {
        this.#accept(offer);
      }
    } else if (type === SchedulerEvent_Type.UPDATE && update !== undefined) {
      this.#update(update.status);
    } else if (type === SchedulerEvent_Type.ERROR) {
      this.#failed.reject(new Error(error?.message));
    }
  }

  #accept({ id, agent_id }: Offer): void {
    const { tasks, group } = this.#options;
    const infos: TaskInfo[] = [];
    for (; this.#launched < tasks; this.#launched++) {
      infos.push(taskInfo(this.#launched, agent_id, this.#options));
    }
    if (infos.length > 0) {
      this.#firstMs = performance.now();
    }
    this.#call({
      type: SchedulerCall_Type.ACCEPT,
      accept: {
        offer_ids: [id],
        operations: group === 0 ? launchOf(infos) : this.#groupsOf(infos, group),
        filters: { refuse_seconds: 3600 },
      },
    });
  }

  #groupsOf(infos: readonly TaskInfo[], size: number): Offer_Operation[] {
    const framework_id = { value: this.#client.frameworkId ?? '' };
    return Array.from({ length: Math.ceil(infos.length / size) }, (_, index) => ({
      type: Offer_Operation_Type.LAUNCH_GROUP,
      launch_group: {
        executor: {
          type: ExecutorInfo_Type.DEFAULT,
          executor_id: { value: `e${index}` },
          framework_id,
          resources: [allocated('cpus', 0.01), allocated('mem', 32), allocated('disk', 1)],
        },
        task_group: { tasks: infos.slice(index * size, (index + 1) * size) },
      },
    }));
  }

  #update({ task_id, agent_id, uuid, state, message = '' }: TaskStatus): void {
    this.#states.set(task_id.value, state);
    this.#lastMs = performance.now();
    if (uuid !== undefined) {
      const acknowledge = { agent_id: agent_id ?? { value: '' }, task_id, uuid };
      this.#call({ type: SchedulerCall_Type.ACKNOWLEDGE, acknowledge });
    }
    if (isTerminal(state) && state !== this.#awaited) {
      this.#failed.reject(new Error(`task ${task_id.value} ended in state ${state}: ${message}`));
    }
  }
}

const allocated = (name: string, value: number) => ({
  ...scalar(name, value),
  allocation_info: { role: 'bench' },
});

const allocatedPort = (port: number): Resource => ({
  name: 'ports',
  type: Value_Type.RANGES,
  ranges: { range: [{ begin: port, end: port }] },
  allocation_info: { role: 'bench' },
});

const taskInfo = (
  n: number,
  agent_id: AgentID,
  { image, network, port, command }: LoadOptions,
): TaskInfo => ({
  name: `t${n}`,
  task_id: { value: `t${n}` },
  agent_id,
  resources: [
    allocated('cpus', 0.01),
    allocated('mem', 32),
    ...(port === undefined ? [] : [allocatedPort(port)]),
  ],
  command: { value: command ?? `exec ${TASK_PROGRAM} 100000` },
  ...((image !== undefined || network !== undefined) && {
    container: {
      type: ContainerInfo_Type.MESOS,
      ...(image !== undefined && {
        mesos: { image: { type: Image_Type.DOCKER, docker: { name: image } } },
      }),
      ...(network !== undefined && { network_infos: [{ name: network }] }),
    },
  }),
});

const launchOf = (task_infos: TaskInfo[]): Offer_Operation[] =>
  task_infos.length === 0 ? [] : [{ type: Offer_Operation_Type.LAUNCH, launch: { task_infos } }];
