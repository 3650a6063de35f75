// Runs a batch. The events that the master sends go to the state machine (batch.ts). The calls that
// the state machine answers with go to the master; what becomes of the tasks goes to the journal
// and the terminal.

import type { Credential } from '../../http/server/credentials.ts';
import type { Dialer } from '../../http/transport/dialer.ts';
import {
  type FrameworkInfo,
  type Offer,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskStatus,
} from '../../model/generated/messages.ts';
import type { CommandMaster } from '../command-master.ts';
import { FrameworkSession } from '../framework/framework-session.ts';
import { Batch, type BatchOptions, type Call, type UpdateMeaning } from './batch.ts';
import { Collector } from './collector.ts';
import type { Journal } from './journal.ts';
import type { Progress } from './progress.ts';
import { withShortPaths } from './short-paths.ts';
import type { BatchTask } from './task-file.ts';

export interface RunnerOptions {
  readonly master: CommandMaster;
  readonly framework: FrameworkInfo;
  readonly credential: Credential | undefined;
  readonly dialer: Dialer;
  readonly tasks: readonly BatchTask[];
  readonly journal: Journal;
  readonly progress: Progress;
  readonly maxRunning: number;
  readonly place: BatchOptions['place'];
  readonly quantities: BatchOptions['quantities'];
}

export type Outcome =
  | { readonly type: 'done' }
  | { readonly type: 'interrupted' }
  /** Another program has subscribed as this framework. */
  | { readonly type: 'failed over' }
  | { readonly type: 'refused'; readonly message: string };

const REDRAW_MS = 100;
/** Offers that arrive within this time are matched together. */
const GATHER_MS = 5;
/**
 * The shortest time between two REVIVEs. The master would offer the resources of ended tasks only
 * in its next round, up to a second later; a REVIVE causes a round at once.
 */
const REVIVE_MS = 50;
/** When nothing has been running or placed for this long, the terminal shows what is missing. */
const STALLED_MS = 10_000;

/** The master's error for a framework that another program has taken over. */
const FAILED_OVER = 'Framework failed over';
/** Its error for one that was away for too long, or was torn down. */
const REMOVED = 'Framework has been removed';
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** The most reasons for lost tasks that are shown. */
const MOST_TOLD = 10;

type Lost = Extract<UpdateMeaning, { type: 'lost' }>;

export class BatchRunner {
  readonly #options: RunnerOptions;
  readonly #batch: Batch;
  readonly #collector: Collector;
  #session: FrameworkSession | undefined;
  #gathered: Offer[] = [];
  #gathering: NodeJS.Timeout | undefined;
  #reviving: NodeJS.Timeout | undefined;
  #stalledSinceMs: number | undefined;
  readonly #pauses = new Set<NodeJS.Timeout>();
  /** Reasons why tasks could not be started, each shown once. */
  readonly #told = new Set<string>();
  #end: (outcome: Outcome) => void = () => {};
  readonly #ended: Promise<Outcome>;

  constructor(options: RunnerOptions) {
    this.#options = options;
    const { tasks, place, quantities, maxRunning, journal } = options;
    const settled = new Map(
      [...journal.results.values()].map(({ index, state }) => [index, state === 'TASK_FINISHED']),
    );
    const { attempts, over, agents, failures } = journal;
    this.#batch = new Batch({
      tasks,
      place,
      quantities,
      maxRunning,
      settled,
      attempts,
      over,
      agents,
      failures,
    });
    const { credential, dialer } = options;
    this.#collector = new Collector({ journal, credential, dialer });
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get counts() {
    return this.#batch.counts;
  }

  async run(): Promise<Outcome> {
    if (this.#batch.isDone) {
      return { type: 'done' };
    }
    this.#connect();
    const redraw = setInterval(() => this.#redraw(), REDRAW_MS);
    const outcome = await this.#ended;
    clearInterval(redraw);
    clearTimeout(this.#gathering);
    clearTimeout(this.#reviving);
    for (const pause of this.#pauses) {
      clearTimeout(pause);
    }
    if (outcome.type === 'done') {
      await this.#session?.end();
      this.#options.journal.end();
    }
    this.#session?.close();
    this.#collector.close();
    this.#options.progress.update(this.#batch.counts);
    return outcome;
  }

  /** Stops the runner. Running tasks go on until the framework's failover timeout is over. */
  interrupt(): void {
    this.#end({ type: 'interrupted' });
  }

  #connect(): void {
    const { master, framework, credential, dialer, journal, progress } = this.#options;
    const id = journal.frameworkId;
    this.#session = new FrameworkSession({
      master,
      codec: 'protobuf',
      framework: id === undefined ? framework : { ...framework, id: { value: id } },
      credential,
      dialer,
      say: (text) => progress.say(text),
      onEvent: (event) => this.#event(event),
    });
  }

  #event(event: SchedulerEvent): void {
    switch (event.type) {
      case SchedulerEvent_Type.SUBSCRIBED:
        this.#options.journal.framework(event.subscribed?.framework_id.value ?? '');
        this.#gathered = [];
        this.#send(this.#batch.subscribed());
        return;
      case SchedulerEvent_Type.OFFERS:
        this.#gather(event.offers?.offers ?? []);
        return;
      case SchedulerEvent_Type.RESCIND: {
        const rescinded = event.rescind?.offer_id.value;
        this.#gathered = this.#gathered.filter(({ id }) => id.value !== rescinded);
        return;
      }
      case SchedulerEvent_Type.UPDATE:
        if (event.update !== undefined) {
          void this.#update(event.update.status);
        }
        return;
      case SchedulerEvent_Type.ERROR:
        this.#refused(event.error?.message ?? '');
        return;
      default:
        // Heartbeats, and events about executors and operations.
        return;
    }
  }

  #gather(offers: readonly Offer[]): void {
    this.#gathered.push(...offers);
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      const gathered = this.#gathered;
      this.#gathered = [];
      const { agents, attempts, calls } = this.#batch.offered(gathered);
      this.#options.journal.begin(attempts, agents);
      this.#send(calls);
    }, GATHER_MS);
  }

  async #update(status: TaskStatus): Promise<void> {
    const meaning = this.#batch.updated(status);
    if (meaning.type === 'noted') {
      this.#acknowledge(status);
      return;
    }
    if (meaning.type === 'ended' && meaning.final) {
      await this.#finish(meaning, status);
    } else if (meaning.type === 'ended') {
      this.#options.journal.fail(meaning.attempt.index);
    } else if (meaning.pauseMs > 0) {
      this.#pause(meaning, status);
    }
    // Only now: if this process had ended before, the update would come again.
    this.#acknowledge(status);
    this.#send(this.#batch.settle(meaning));
    if (this.#batch.isDone) {
      this.#end({ type: 'done' });
    } else {
      this.#reviveSoon();
    }
  }

  #pause({ attempt, pauseMs }: Lost, { message = 'no reason is given' }: TaskStatus): void {
    // Without container ids and attempt numbers, equal reasons have equal texts.
    const reason = message.replaceAll(attempt.taskId, '').replaceAll(UUID, '');
    if (!this.#told.has(reason) && this.#told.size < MOST_TOLD) {
      this.#told.add(reason);
      const name = this.#options.tasks[attempt.index]?.name;
      this.#options.progress.say(
        `Task '${name}' was lost before it ran, and is tried again in ${pauseMs / 1000} s ` +
          `(agent ${attempt.agentAddress}: ${withShortPaths(message)})`,
      );
    }
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.#send(this.#batch.ready(attempt.index));
    }, pauseMs);
    this.#pauses.add(pause);
  }

  #reviveSoon(): void {
    this.#reviving ??= setTimeout(() => {
      this.#reviving = undefined;
      if (this.#batch.wantsMore) {
        this.#send([{ type: SchedulerCall_Type.REVIVE }]);
      }
    }, REVIVE_MS);
  }

  async #finish(
    { attempt }: Extract<UpdateMeaning, { type: 'ended' }>,
    status: TaskStatus,
  ): Promise<void> {
    const task = this.#options.tasks[attempt.index];
    if (task !== undefined) {
      const id = this.#session?.frameworkId ?? '';
      this.#options.journal.finish(await this.#collector.collect(task, attempt, status, id));
    }
  }

  /** Updates that the master itself generates have no uuid, and need no acknowledgement. */
  #acknowledge({ uuid, agent_id, task_id }: TaskStatus): void {
    if (uuid !== undefined && agent_id !== undefined) {
      this.#send([
        { type: SchedulerCall_Type.ACKNOWLEDGE, acknowledge: { uuid, agent_id, task_id } },
      ]);
    }
  }

  #send(calls: readonly Call[]): void {
    for (const call of calls) {
      void this.#session?.send(call);
    }
  }

  /** The master has removed a framework that was away for too long: continue as a new framework. */
  #refused(message: string): void {
    if (message === FAILED_OVER) {
      this.#end({ type: 'failed over' });
      return;
    }
    // Whatever else it refuses, the framework is still there, and so are its tasks.
    if (this.#options.journal.frameworkId === undefined || message !== REMOVED) {
      this.#end({ type: 'refused', message });
      return;
    }
    this.#options.progress.say(
      `The master no longer knows this batch (${message}); starting anew.`,
    );
    this.#session?.close();
    this.#options.journal.forget();
    this.#batch.forgotten();
    this.#connect();
  }

  #redraw(): void {
    const { progress } = this.#options;
    progress.update(this.#batch.counts);
    const isStalled = this.#batch.counts.started === 0 && this.#batch.isStuck;
    if (!isStalled) {
      this.#stalledSinceMs = undefined;
      return;
    }
    this.#stalledSinceMs ??= performance.now();
    if (performance.now() - this.#stalledSinceMs > STALLED_MS) {
      this.#stalledSinceMs = Number.POSITIVE_INFINITY;
      progress.say(`Nothing fits the offers: ${this.#batch.obstacle}`);
    }
  }
}
