// A framework that launches its share of tasks, which go on to run, and follows the masters as one
// does that uses the client of our commands. After each change of the leader it asks about all its
// tasks, again and again, until it has an answer for each.
import { SchedulerClient } from '../../src/http/client/scheduler-client.ts';
import {
  type Offer,
  type SchedulerCall,
  SchedulerCall_Type,
  TaskState,
  type TaskStatus,
} from '../../src/model/generated/messages.ts';
import {
  acknowledging,
  declining,
  fitting,
  frameworkOf,
  launching,
  takeEvent,
} from '../e2e/framework.ts';

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
    this.#client = new SchedulerClient({
      master: options.master,
      codec: 'protobuf',
      framework: frameworkOf(options.index),
      onEvent: (event) =>
        takeEvent(event, {
          onSubscribed: () => {
            options.onSubscribed();
            this.#ask();
          },
          onOffers: (offers) => {
            options.onOffer();
            for (const offer of offers) {
              this.#answer(offer);
            }
          },
          onStatus: (status) => this.#learn(status),
          onFailure: options.onFailure,
        }),
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

  #answer(offer: Offer): void {
    const { index, tasks, tasksPerOffer } = this.#options;
    const count = Math.min(tasksPerOffer, tasks - this.#launched, fitting(offer));
    if (count === 0) {
      this.#send(declining(offer, REFUSE_SECONDS));
      return;
    }
    const ids = Array.from({ length: count }, () => `${index}-${this.#launched++}`);
    for (const id of ids) {
      this.#agents.set(id, offer.agent_id.value);
      this.#unanswered.add(id);
    }
    this.#send(launching(offer, index, ids));
  }

  #learn(status: TaskStatus): void {
    const { task_id, state, message } = status;
    const acknowledgement = acknowledging(status);
    if (acknowledgement !== undefined) {
      this.#send(acknowledgement);
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
