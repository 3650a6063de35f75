// A framework that launches its share of tasks, which go on to run, and follows the masters as one
// does that uses the client of our commands. After each change of the leader it asks about all its
// tasks, again and again, until it has an answer for each.
import { SchedulerClient } from '../../src/http/client/scheduler-client.ts';
import {
  FrameworkInfo_Capability_Type,
  type Offer,
  Offer_Operation_Type,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
} from '../../src/model/generated/messages.ts';
import { scalar } from '../e2e/fleet.ts';
import { fitting, TASK_CPUS, TASK_MEM_MB } from '../e2e/scheduler.ts';

interface FrameworkOptions {
  /** `host:port` */
  readonly master: string;
  readonly index: number;
  readonly tasks: number;
  readonly tasksPerOffer: number;
  readonly onSubscribed: () => void;
  readonly onOffer: () => void;
  /** All tasks run, or, after a change of the leader, the new one has said so of each. */
  readonly onRunning: () => void;
  readonly onFailure: (why: string) => void;
}

/** The time after which tasks are asked about that had no answer. */
const ASK_AGAIN_MS = 250;
/** What is launched is not launched again: refused for longer than any run. */
const REFUSE_SECONDS = 3_600;

export class FailoverFramework {
  readonly #options: FrameworkOptions;
  readonly #client: SchedulerClient;
  readonly #role: string;
  /** The agents of tasks, by their ids. */
  readonly #agents = new Map<string, string>();
  /** Tasks of which this leader has not said yet that they run. */
  readonly #unanswered = new Set<string>();
  readonly #asking: NodeJS.Timeout;
  #launched = 0;
  #isLaunched = false;
  #isAsking = false;

  constructor(options: FrameworkOptions) {
    this.#options = options;
    this.#role = `bench-${options.index}`;
    const capabilities = [
      FrameworkInfo_Capability_Type.MULTI_ROLE,
      FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT,
      FrameworkInfo_Capability_Type.PARTITION_AWARE,
    ].map((type) => ({ type }));
    this.#client = new SchedulerClient({
      master: options.master,
      codec: 'protobuf',
      framework: {
        ...{ user: 'root', name: this.#role, roles: [this.#role], capabilities },
        ...{ failover_timeout: REFUSE_SECONDS, checkpoint: true },
      },
      onEvent: (event) => this.#take(event),
    });
    this.#asking = setInterval(() => this.#ask(), ASK_AGAIN_MS);
  }

  /** Another master leads, or soon will: what it says of the tasks is what counts. */
  forget(): void {
    for (const id of this.#agents.keys()) {
      this.#unanswered.add(id);
    }
  }

  moveTo(master: string): void {
    this.#client.moveTo(master);
  }

  async teardown(): Promise<void> {
    clearInterval(this.#asking);
    await this.#client.call({ type: SchedulerCall_Type.TEARDOWN }).catch(() => undefined);
    this.#client.close();
  }

  #take(event: SchedulerEvent): void {
    switch (event.type) {
      case SchedulerEvent_Type.SUBSCRIBED:
        this.#options.onSubscribed();
        this.#ask();
        return;
      case SchedulerEvent_Type.OFFERS:
        this.#options.onOffer();
        for (const offer of event.offers?.offers ?? []) {
          this.#answer(offer);
        }
        return;
      case SchedulerEvent_Type.UPDATE:
        if (event.update !== undefined) {
          this.#learn(event.update.status);
        }
        return;
      case SchedulerEvent_Type.ERROR:
        this.#options.onFailure(event.error?.message ?? 'ERROR event');
        return;
      default:
        return;
    }
  }

  #answer(offer: Offer): void {
    const { tasks, tasksPerOffer } = this.#options;
    const count = Math.min(tasksPerOffer, tasks - this.#launched, fitting(offer));
    const offer_ids = [offer.id];
    if (count === 0) {
      const filters = { refuse_seconds: REFUSE_SECONDS };
      this.#send({ type: SchedulerCall_Type.DECLINE, decline: { offer_ids, filters } });
      return;
    }
    const task_infos = Array.from({ length: count }, () => this.#task(offer));
    const launch = { type: Offer_Operation_Type.LAUNCH, launch: { task_infos } };
    const filters = { refuse_seconds: 0 };
    this.#send({
      type: SchedulerCall_Type.ACCEPT,
      accept: { offer_ids, operations: [launch], filters },
    });
  }

  #task(offer: Offer): TaskInfo {
    const id = `${this.#options.index}-${this.#launched++}`;
    this.#agents.set(id, offer.agent_id.value);
    this.#unanswered.add(id);
    const allocation_info = { role: this.#role };
    return {
      name: id,
      task_id: { value: id },
      agent_id: offer.agent_id,
      resources: [
        { ...scalar('cpus', TASK_CPUS), allocation_info },
        { ...scalar('mem', TASK_MEM_MB), allocation_info },
      ],
      command: { value: 'true' },
    };
  }

  #learn({ task_id, agent_id, state, uuid, message }: TaskStatus): void {
    if (uuid !== undefined && agent_id !== undefined) {
      const acknowledge = { agent_id, task_id, uuid };
      this.#send({ type: SchedulerCall_Type.ACKNOWLEDGE, acknowledge });
    }
    if (state === TaskState.TASK_RUNNING) {
      this.#unanswered.delete(task_id.value);
    } else if (state !== TaskState.TASK_STAGING && state !== TaskState.TASK_STARTING) {
      this.#options.onFailure(`task ${task_id.value} is in state ${state}: ${message ?? ''}`);
    }
    if (this.#launched === this.#options.tasks && this.#unanswered.size === 0) {
      this.#isLaunched = true;
      this.#options.onRunning();
    }
  }

  /** One question at a time. */
  #ask(): void {
    if (!this.#isLaunched || this.#isAsking || this.#unanswered.size === 0) {
      return;
    }
    const tasks = [...this.#unanswered].map((id) => ({
      task_id: { value: id },
      agent_id: { value: this.#agents.get(id) ?? '' },
    }));
    this.#isAsking = true;
    void this.#client
      .call({ type: SchedulerCall_Type.RECONCILE, reconcile: { tasks } })
      .catch(() => undefined)
      .finally(() => {
        this.#isAsking = false;
      });
  }

  /** What is lost with a master is settled by asking the next one. */
  #send(call: Omit<SchedulerCall, 'framework_id'>): void {
    this.#client.call(call).catch(() => undefined);
  }
}
