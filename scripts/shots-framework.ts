// A framework of the site in the pictures: it launches what it is given to launch, each task where
// the offers have room, and acknowledges what becomes of it.
import { SchedulerClient } from '../src/http/client/scheduler-client.ts';
import {
  FrameworkInfo_Capability_Type,
  type Offer,
  Offer_Operation_Type,
  type Resource,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  Value_Type,
} from '../src/model/generated/messages.ts';
import { isTerminal } from '../src/model/task-state.ts';

export interface WantedTask {
  readonly name: string;
  readonly cpus: number;
  readonly memMb: number;
  readonly gpus?: number;
  /** For a shell. */
  readonly command: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface SiteFramework {
  readonly name: string;
  readonly role: string;
  readonly tasks: readonly WantedTask[];
}

/** How long an agent that is not needed is refused. */
const REFUSE_SECONDS = 600;
/** Where offers are many, tasks are spread over them. */
const TASKS_PER_OFFER = 3;

const scalar = (name: string, value: number): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value },
});

export class FrameworkOnSite {
  /** The last state of each task, by its name. */
  readonly states = new Map<string, TaskState>();
  readonly #wanted: WantedTask[];
  readonly #role: string;
  readonly #client: SchedulerClient;

  constructor(master: string, { name, role, tasks }: SiteFramework) {
    this.#wanted = [...tasks];
    this.#role = role;
    this.#client = new SchedulerClient({
      master,
      codec: 'protobuf',
      framework: {
        user: 'root',
        name,
        roles: [role],
        failover_timeout: 3600,
        checkpoint: true,
        capabilities: [
          FrameworkInfo_Capability_Type.MULTI_ROLE,
          FrameworkInfo_Capability_Type.PARTITION_AWARE,
          ...(tasks.some(({ gpus }) => gpus) ? [FrameworkInfo_Capability_Type.GPU_RESOURCES] : []),
        ].map((type) => ({ type })),
      },
      onEvent: (event) => this.#take(event),
    });
  }

  get id(): string {
    return this.#client.frameworkId ?? '';
  }

  /** Whether so many of its tasks run or have ended. */
  hasBegun(count: number): boolean {
    const begun = [...this.states.values()].filter(
      (state) => state === TaskState.TASK_RUNNING || isTerminal(state),
    );
    return begun.length >= count;
  }

  close(): void {
    this.#client.close();
  }

  #take({ type, offers, update }: SchedulerEvent): void {
    if (type === SchedulerEvent_Type.OFFERS) {
      for (const offer of offers?.offers ?? []) {
        this.#answer(offer);
      }
    } else if (type === SchedulerEvent_Type.UPDATE && update !== undefined) {
      const { task_id, agent_id, uuid, state } = update.status;
      this.states.set(task_id.value, state);
      if (uuid !== undefined && agent_id !== undefined) {
        this.#call({
          type: SchedulerCall_Type.ACKNOWLEDGE,
          acknowledge: { task_id, agent_id, uuid },
        });
      }
    }
  }

  #answer(offer: Offer): void {
    const task_infos = this.#fitting(offer);
    this.#call({
      type: SchedulerCall_Type.ACCEPT,
      accept: {
        offer_ids: [offer.id],
        operations:
          task_infos.length === 0
            ? []
            : [{ type: Offer_Operation_Type.LAUNCH, launch: { task_infos } }],
        filters: { refuse_seconds: this.#wanted.length === 0 ? REFUSE_SECONDS : 0 },
      },
    });
  }

  #fitting(offer: Offer): TaskInfo[] {
    const room = (name: string) =>
      (offer.resources ?? [])
        .filter((resource) => resource.name === name)
        .reduce((sum, { scalar: amount }) => sum + (amount?.value ?? 0), 0);
    const left = { cpus: room('cpus'), mem: room('mem'), gpus: room('gpus') };
    const found: TaskInfo[] = [];
    for (const task of [...this.#wanted]) {
      const { cpus, memMb, gpus = 0 } = task;
      if (found.length === TASKS_PER_OFFER) {
        break;
      }
      if (cpus <= left.cpus && memMb <= left.mem && gpus <= left.gpus) {
        left.cpus -= cpus;
        left.mem -= memMb;
        left.gpus -= gpus;
        this.#wanted.splice(this.#wanted.indexOf(task), 1);
        found.push(this.#infoOf(task, offer));
      }
    }
    return found;
  }

  #infoOf(task: WantedTask, { agent_id }: Offer): TaskInfo {
    const { name, cpus, memMb, gpus = 0, command, labels = {} } = task;
    const resources = [scalar('cpus', cpus), scalar('mem', memMb), scalar('gpus', gpus)]
      .filter(({ scalar: amount }) => (amount?.value ?? 0) > 0)
      .map((resource) => ({ ...resource, allocation_info: { role: this.#role } }));
    return {
      name,
      task_id: { value: name },
      agent_id,
      resources,
      command: { value: command, shell: true },
      labels: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) },
    };
  }

  #call(call: Parameters<SchedulerClient['call']>[0]): void {
    // What crosses the end of the site is refused.
    this.#client.call(call).catch(() => undefined);
  }
}
