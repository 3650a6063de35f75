// One run of `mesoscale execute`: waits for an offer that is large enough, launches the tasks,
// shows events and output, and ends when all tasks have ended.

import { describeWaitStatus } from '../../executor/wait-status.ts';
import { OperatorClient } from '../../http/client/operator-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import type { Dialer } from '../../http/transport/dialer.ts';
import {
  ExecutorInfo_Type,
  type FrameworkInfo,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
} from '../../model/generated/messages.ts';
import { isTerminal, taskStateName } from '../../model/task-state.ts';
import type { CommandMaster } from '../command-master.ts';
import { FrameworkSession, refusal } from '../framework/framework-session.ts';
import { taskEnd } from '../framework/task-end.ts';
import { OutputTail } from '../framework/task-output.ts';
import type { Look } from '../operate/output/screen.ts';
import { lookOf } from '../operate/output/task-looks.ts';
import { type ImageWait, watchImages } from './image-wait.ts';
import type { LaunchRequest } from './launch-request.ts';
import type { Placed } from './placement.ts';

export interface ExecutionOptions {
  readonly master: CommandMaster;
  readonly codec: 'json' | 'protobuf';
  readonly framework: FrameworkInfo;
  readonly credential: Credential | undefined;
  readonly dialer: Dialer;
  readonly request: LaunchRequest;
  readonly killAfterMs: number | undefined;
  readonly place: (offer: Offer) => Placed | undefined;
  /** What an offer lacks; empty for one that is large enough. */
  readonly shortage: (offer: Offer) => string;
  /** Why there has been no such offer, as far as the master tells. */
  readonly whyWaiting: () => Promise<string>;
  /** Prints a line about an event; `look`: where it is news, good or bad. */
  readonly say: (text: string, look?: Look) => void;
  /** Prints output of a task. */
  readonly write: (file: 'stdout' | 'stderr', task: TaskInfo, data: Uint8Array) => void;
}

interface LaunchedTask {
  readonly info: TaskInfo;
  readonly tails: readonly OutputTail[];
  reading: Promise<void>;
  /** Why the last attempt to read its output failed. */
  unread: string | undefined;
  status: TaskStatus | undefined;
  isDone: boolean;
}

/** The time between two reads of a running task's output. */
const LOOK_MS = 200;
/** The time between two looks at why there is no suitable offer. */
const WAITING_MS = 3_000;
const SOON = { refuse_seconds: 1 };
const NOT_NEEDED = { refuse_seconds: 3600 };
const EXECUTOR_ID = 'default';
/** A kill may be lost with the master, so it is repeated until the task has ended. */
const KILL_AGAIN_MS = 2_000;
/** How long an interrupted command waits for its tasks, in addition to their grace periods. */
const INTERRUPT_MS = 30_000;
/** The usual exit status of a program that an interrupt ended. */
const INTERRUPTED = 130;

export class Execution {
  readonly #options: ExecutionOptions;
  readonly #tasks = new Map<string, LaunchedTask>();
  #session: FrameworkSession | undefined;
  #looking: NodeJS.Timeout | undefined;
  #images: ImageWait | undefined;
  #waiting: NodeJS.Timeout | undefined;
  #isAsking = false;
  #lastReason: string | undefined;
  #killLater: NodeJS.Timeout | undefined;
  #killAgain: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  #toldTooSmall = false;
  #isEnding = false;
  #isInterrupted = false;
  #finish: (exitCode: number) => void = () => {};
  readonly #finished: Promise<number>;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Resolves with the command's exit status. */
  async run(): Promise<number> {
    const { master, codec, framework, credential, dialer, say } = this.#options;
    this.#session = new FrameworkSession({
      master,
      codec,
      framework,
      credential,
      dialer,
      say,
      onEvent: (event) => this.#event(event),
    });
    this.#waiting = setInterval(() => void this.#explainWaiting(), WAITING_MS);
    const exitCode = await this.#finished;
    clearInterval(this.#waiting);
    clearInterval(this.#looking);
    this.#images?.end();
    clearTimeout(this.#killLater);
    clearInterval(this.#killAgain);
    clearTimeout(this.#patience);
    this.#session.close();
    return exitCode;
  }

  /**
   * Kills the tasks. The command ends when they have ended; at once if nothing was launched; after
   * a while in any case, for a master that is gone cannot tell.
   */
  interrupt(): void {
    const { say } = this.#options;
    this.#isInterrupted = true;
    if (this.#tasks.size === 0) {
      void this.#end(INTERRUPTED);
      return;
    }
    const patienceMs = INTERRUPT_MS + this.#graceMs();
    const alone = 'a master kills the tasks of a framework that leaves';
    say(
      `Killing the task, and waiting up to ${patienceMs / 1000} s for word of its end; ` +
        `once more to leave at once (${alone})`,
    );
    this.#kill();
    this.#patience ??= setTimeout(() => {
      say(`No word of the task's end in ${patienceMs / 1000} s; leaving (${alone})`);
      void this.#end(INTERRUPTED);
    }, patienceMs);
  }

  #kill(): void {
    this.#sendKills();
    this.#killAgain ??= setInterval(() => this.#sendKills(), KILL_AGAIN_MS);
  }

  #sendKills(): void {
    for (const { info, isDone } of this.#tasks.values()) {
      if (!isDone) {
        const kill = { task_id: info.task_id, agent_id: info.agent_id };
        void this.#session?.send({ type: SchedulerCall_Type.KILL, kill });
      }
    }
  }

  /** The longest grace period of the tasks. */
  #graceMs(): number {
    const graces = [...this.#tasks.values()].map(
      ({ info }) => Number(info.kill_policy?.grace_period?.nanoseconds ?? 0) / 1e6,
    );
    return Math.max(...graces);
  }

  #event(event: SchedulerEvent): void {
    const { say } = this.#options;
    switch (event.type) {
      case SchedulerEvent_Type.SUBSCRIBED:
        say(`Subscribed with ID ${event.subscribed?.framework_id.value}`);
        this.#reconcile();
        if (this.#killAgain !== undefined) {
          this.#sendKills();
        }
        return;
      case SchedulerEvent_Type.OFFERS:
        for (const offer of event.offers?.offers ?? []) {
          this.#offer(offer);
        }
        return;
      case SchedulerEvent_Type.UPDATE:
        if (event.update !== undefined) {
          void this.#update(event.update.status);
        }
        return;
      case SchedulerEvent_Type.FAILURE: {
        const { executor_id, agent_id, status } = event.failure ?? {};
        say(
          executor_id === undefined
            ? `Agent ${agent_id?.value} is gone`
            : `Executor ${executor_id.value} ${howEnded(status)}`,
        );
        return;
      }
      case SchedulerEvent_Type.ERROR:
        say(sentence(refusal(event.error?.message ?? '')));
        this.#finish(1);
        return;
      default:
        return;
    }
  }

  /** After a resubscription, asks the master what happened to the tasks meanwhile. */
  #reconcile(): void {
    const tasks = [...this.#tasks.values()]
      .filter(({ isDone }) => !isDone)
      .map(({ info }) => ({ task_id: info.task_id, agent_id: info.agent_id }));
    if (tasks.length > 0) {
      void this.#session?.send({ type: SchedulerCall_Type.RECONCILE, reconcile: { tasks } });
    }
  }

  #offer(offer: Offer): void {
    if (this.#isEnding) {
      return;
    }
    const placed = this.#tasks.size > 0 ? undefined : this.#options.place(offer);
    if (placed === undefined) {
      if (this.#tasks.size === 0 && !this.#toldTooSmall) {
        this.#toldTooSmall = true;
        const lack = this.#options.shortage(offer);
        this.#options.say(
          `The offer of ${agentOf(offer)} is too small (${lack}); waiting for another`,
        );
      }
      const filters = this.#tasks.size > 0 ? NOT_NEEDED : SOON;
      const decline = { offer_ids: [offer.id], filters };
      void this.#session?.send({ type: SchedulerCall_Type.DECLINE, decline });
      return;
    }
    this.#launch(offer, placed);
  }

  /** Prints each reason once: later there may be another one. */
  async #explainWaiting(): Promise<void> {
    if (this.#isAsking) {
      return;
    }
    this.#isAsking = true;
    const reason = await this.#options.whyWaiting();
    this.#isAsking = false;
    const isWaiting = this.#session?.frameworkId !== '' && this.#tasks.size === 0;
    if (isWaiting && !this.#isEnding && reason !== this.#lastReason) {
      this.#lastReason = reason;
      this.#options.say(`Waiting for an offer: ${reason}`);
    }
  }

  #launch(offer: Offer, placed: Placed): void {
    clearInterval(this.#waiting);
    const frameworkId = this.#session?.frameworkId ?? '';
    const agent = agentOf(offer);
    const { request, credential, dialer } = this.#options;
    const { isGroup } = request;
    const client = new OperatorClient({ address: agent, credential, dialer });
    for (const info of placed.tasks) {
      const id = info.task_id.value;
      const place = {
        agent,
        frameworkId,
        executorId: isGroup ? EXECUTOR_ID : (info.executor?.executor_id.value ?? id),
        inside: isGroup ? `/tasks/${id}` : '',
      };
      const tails = (['stdout', 'stderr'] as const).map(
        (file) =>
          new OutputTail(client, place, file, (data) => this.#options.write(file, info, data)),
      );
      this.#tasks.set(id, {
        info,
        tails,
        reading: Promise.resolve(),
        unread: undefined,
        status: undefined,
        isDone: false,
      });
      this.#options.say(`Submitted task '${id}' to agent '${offer.agent_id.value}' (${agent})`);
    }
    void this.#session?.send({
      type: SchedulerCall_Type.ACCEPT,
      accept: {
        offer_ids: [offer.id],
        operations: [isGroup ? groupLaunch(placed, frameworkId, request) : launch(placed)],
        filters: NOT_NEEDED,
      },
    });
    void this.#session?.send({ type: SchedulerCall_Type.SUPPRESS });
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    this.#images = watchImages(client, placed.tasks, this.#options.say);
  }

  async #update(status: TaskStatus): Promise<void> {
    const task = this.#tasks.get(status.task_id.value);
    if (task === undefined || task.isDone) {
      this.#acknowledge(status);
      return;
    }
    if (task.status?.state !== status.state) {
      this.#options.say(describe(status), lookOf(status.state));
    }
    task.status = status;
    if ([...this.#tasks.values()].every((each) => isBeyondStart(each.status))) {
      this.#images?.end();
    }
    if (!isTerminal(status.state)) {
      this.#acknowledge(status);
      if (status.state === TaskState.TASK_RUNNING) {
        this.#killInTime();
      }
      return;
    }
    task.isDone = true;
    // The executor and its sandbox exist until the last update is acknowledged, so the output is
    // read first.
    await this.#read(task);
    if (task.unread !== undefined) {
      const id = task.info.task_id.value;
      this.#options.say(`What task '${id}' printed cannot be read (${task.unread})`);
    }
    this.#acknowledge(status);
    if ([...this.#tasks.values()].every(({ isDone }) => isDone)) {
      await this.#end(this.#exitCode());
    }
  }

  #acknowledge({ uuid, agent_id, task_id }: TaskStatus): void {
    if (uuid !== undefined && agent_id !== undefined) {
      const acknowledge = { uuid, agent_id, task_id };
      void this.#session?.send({ type: SchedulerCall_Type.ACKNOWLEDGE, acknowledge });
    }
  }

  #killInTime(): void {
    const { killAfterMs } = this.#options;
    if (killAfterMs !== undefined) {
      this.#killLater ??= setTimeout(() => this.#kill(), killAfterMs);
    }
  }

  #look(): void {
    for (const task of this.#tasks.values()) {
      if (!task.isDone && task.status !== undefined) {
        void this.#read(task);
      }
    }
  }

  /** Reads one piece at a time, each from where the last one ended. */
  #read(task: LaunchedTask): Promise<void> {
    task.reading = task.reading.then(async () => {
      for (const tail of task.tails) {
        // An agent that cannot be reached is asked again later.
        await tail.read().then(
          () => {
            task.unread = undefined;
          },
          (error: Error) => {
            task.unread = error.message;
          },
        );
      }
    });
    return task.reading;
  }

  async #end(exitCode: number): Promise<void> {
    this.#isEnding = true;
    await this.#session?.end();
    this.#finish(exitCode);
  }

  /** The exit status of the first task that failed; a shell's number for a signal. */
  #exitCode(): number {
    if (this.#isInterrupted) {
      return INTERRUPTED;
    }
    for (const { status } of this.#tasks.values()) {
      if (status !== undefined && status.state !== TaskState.TASK_FINISHED) {
        return taskEnd(status).shellStatus;
      }
    }
    return 0;
  }
}

const isBeyondStart = (status: TaskStatus | undefined) =>
  status !== undefined &&
  status.state !== TaskState.TASK_STAGING &&
  status.state !== TaskState.TASK_STARTING;

/** An agent that does not know the wait status tells a negative one. */
const howEnded = (status: number | undefined) =>
  status === undefined || status < 0 ? 'has ended' : describeWaitStatus(status);

/** The agent's address: several agents may be on one host. */
function agentOf({ hostname, url }: Offer): string {
  const { ip = hostname, port = 5051 } = url?.address ?? {};
  return `${ip}:${port}`;
}

const sentence = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

const launch = (placed: Placed): Offer_Operation => ({
  type: Offer_Operation_Type.LAUNCH,
  launch: { task_infos: placed.tasks },
});

const groupLaunch = (
  placed: Placed,
  frameworkId: string,
  { container }: LaunchRequest,
): Offer_Operation => ({
  type: Offer_Operation_Type.LAUNCH_GROUP,
  launch_group: {
    executor: {
      type: ExecutorInfo_Type.DEFAULT,
      executor_id: { value: EXECUTOR_ID },
      framework_id: { value: frameworkId },
      resources: placed.executor,
      ...(container !== undefined && { container }),
    },
    task_group: { tasks: placed.tasks },
  },
});

function describe({ task_id, state, message, healthy }: TaskStatus): string {
  const words = message === undefined || message === '' ? '' : `: ${message}`;
  const health = healthy === false ? ' (unhealthy)' : '';
  return `Received status update ${taskStateName(state)} for task '${task_id.value}'${health}${words}`;
}
