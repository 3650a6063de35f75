// A batch as a state machine: which tasks wait, which run, and what to tell the master. It uses no
// network, file or clock; the runner performs what it returns.
import type { MatchRequest, MatchResult, RunningTask, TaskDemand } from '../../core/matcher.ts';
import {
  type AgentID,
  type Offer,
  Offer_Operation_Type,
  type Resource,
  type SchedulerCall,
  SchedulerCall_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
} from '../../model/generated/messages.ts';
import { isTerminal } from '../../model/task-state.ts';
import { containerOfImage } from '../framework-container.ts';
import { type AgentPlace, Agents } from './agents.ts';
import { type Constraint, isOfGroup } from './constraints.ts';
import { isLaunchFailure, isLost, MOST_LAUNCH_FAILURES, pauseMs } from './launch-failure.ts';
import { type Obstacle, obstacleText } from './obstacle.ts';
import type { BatchTask } from './task-file.ts';

/** A call without the framework's id, which the session adds. */
export type Call = Omit<SchedulerCall, 'framework_id'>;

/** One run of one task. */
export interface Attempt {
  readonly taskId: string;
  readonly index: number;
  /** Counts from 1. */
  readonly number: number;
  readonly agentId: string;
  /** The address of the agent, `ip:port`. */
  readonly agentAddress: string;
}

export interface BatchOptions {
  readonly tasks: readonly BatchTask[];
  /** Places tasks on offers: the core's matcher. */
  readonly place: (request: Omit<MatchRequest, 'fitness'>) => MatchResult;
  /** Scalar amounts by name: the core's algebra. */
  readonly quantities: (resources: readonly Resource[]) => Readonly<Record<string, number>>;
  readonly maxRunning: number;
  /** From an earlier run: tasks with a result, and whether they succeeded. */
  readonly settled: ReadonlyMap<number, boolean>;
  /** From an earlier run: attempts in the order in which they were started. */
  readonly attempts: readonly Attempt[];
  /** From an earlier run: task ids of attempts that are over. */
  readonly over?: ReadonlySet<string>;
  /** From an earlier run: agents that made offers. */
  readonly agents: readonly AgentPlace[];
  /** From an earlier run: how often each task has failed. */
  readonly failures: ReadonlyMap<number, number>;
}

/** The answer to offers: agents and attempts must be stored before the calls are sent. */
export interface OfferAnswer {
  /** Agents that are new or have changed. */
  readonly agents: readonly AgentPlace[];
  readonly attempts: readonly Attempt[];
  readonly calls: readonly Call[];
}

/** The meaning of a status update for the batch. */
export type UpdateMeaning =
  /** Nothing: it is acknowledged. */
  | { readonly type: 'noted' }
  /**
   * The task has ended: its result must be fetched and stored before the update is acknowledged.
   */
  | {
      readonly type: 'ended';
      readonly attempt: Attempt;
      readonly success: boolean;
      readonly final: boolean;
    }
  /**
   * The attempt is over without a result (lost, or never started), and the task waits again. With a
   * pause it is not started before `ready` is called.
   */
  | { readonly type: 'lost'; readonly attempt: Attempt; readonly pauseMs: number };

interface Running {
  readonly attempt: Attempt;
  isRunning: boolean;
  /** Whether it was seen running, or an earlier run started it, which may have seen that. */
  hasRun: boolean;
  isEnding: boolean;
}

/**
 * The most ended tasks whose results are being fetched. An agent remembers the sandboxes of the
 * last 150 executors of a framework; a task that falls further behind would lose its output.
 */
const MAX_ENDING = 100;
/** The most tasks that are matched at once; a round rarely has offers for more. */
const MATCHED_AT_ONCE = 5000;
/** A task that does not fit now may fit soon, when another task ends. */
const SOON = { refuse_seconds: 1 };
const NOT_NEEDED = { refuse_seconds: 3600 };
const AT_ONCE = { refuse_seconds: 0 };

export class Batch {
  readonly #tasks: readonly BatchTask[];
  readonly #options: BatchOptions;
  /** Indexes of waiting tasks, the next one first. */
  #waiting: number[] = [];
  /** Indexes of tasks that were lost before they ran, and are in their pause. */
  readonly #paused = new Set<number>();
  readonly #running = new Map<string, Running>();
  /** How many attempts each task has had. */
  readonly #attemptCounts = new Map<number, number>();
  /** How often each task has failed; a loss is no failure. */
  readonly #failureCounts: Map<number, number>;
  /**
   * How often in a row each task was lost without having run, and how often of these for a reason
   * of its own.
   */
  readonly #neverRan = new Map<number, { losses: number; launchFailures: number }>();
  readonly #agents: Agents;
  /** Whether any constraint looks at other tasks. */
  readonly #hasGroups: boolean;
  #ending = 0;
  #succeeded = 0;
  #failed = 0;
  #isSuppressed = false;
  /** Why no task could be placed on the latest offers. */
  #obstacle: Obstacle | undefined;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#tasks = options.tasks;
    this.#failureCounts = new Map(options.failures);
    this.#agents = new Agents(options.agents);
    this.#hasGroups = this.#tasks.some(({ constraints }) => constraints.some(isOfGroup));
    for (const attempt of options.attempts) {
      this.#attemptCounts.set(attempt.index, attempt.number);
    }
    const latest = new Map(options.attempts.map((attempt) => [attempt.index, attempt]));
    for (const task of this.#tasks) {
      const success = options.settled.get(task.index);
      const attempt = latest.get(task.index);
      if (success !== undefined) {
        this.#count(success);
      } else if (attempt !== undefined && !options.over?.has(attempt.taskId)) {
        // The task may still run, have ended, or never have reached its agent: the master will
        // tell.
        this.#running.set(attempt.taskId, {
          attempt,
          isRunning: false,
          hasRun: true,
          isEnding: false,
        });
      } else {
        this.#waiting.push(task.index);
      }
    }
  }

  get counts() {
    const started = [...this.#running.values()];
    const running = started.filter(({ isRunning }) => isRunning).length;
    return {
      total: this.#tasks.length,
      waiting: this.#waiting.length + this.#paused.size,
      started: started.length,
      running,
      /** Launched, and seen neither running nor ended. */
      starting: started.filter(({ isRunning, isEnding }) => !isRunning && !isEnding).length,
      succeeded: this.#succeeded,
      failed: this.#failed,
    };
  }

  get isDone(): boolean {
    return this.#succeeded + this.#failed === this.#tasks.length;
  }

  /** True when tasks wait and none fits on the latest offers. */
  get isStuck(): boolean {
    return this.#obstacle !== undefined;
  }

  get obstacle(): string | undefined {
    return this.#obstacle && obstacleText(this.#obstacle);
  }

  /**
   * To be called after each subscription: asks about launched tasks, and whether offers are wanted.
   */
  subscribed(): Call[] {
    this.#isSuppressed = false;
    const tasks = [...this.#running.values()]
      .filter(({ isEnding }) => !isEnding)
      .map(({ attempt }) => ({
        task_id: { value: attempt.taskId },
        agent_id: { value: attempt.agentId },
      }));
    return [
      // An empty list would ask about all tasks.
      ...(tasks.length > 0 ? [{ type: SchedulerCall_Type.RECONCILE, reconcile: { tasks } }] : []),
      ...this.#demand(),
    ];
  }

  /**
   * The master has removed the framework after its failover timeout: none of its tasks run any
   * more.
   */
  forgotten(): void {
    for (const { attempt, isEnding } of this.#running.values()) {
      if (!isEnding) {
        this.#running.delete(attempt.taskId);
        this.#waiting.push(attempt.index);
      }
    }
    this.#waiting.sort((a, b) => a - b);
  }

  offered(offers: readonly Offer[]): OfferAnswer {
    const agents = this.#agents.note(offers);
    const attempts: Attempt[] = [];
    const launches = new Map<Offer, TaskInfo[]>();
    for (const [role, group] of Map.groupBy(offers, roleOf)) {
      for (const { offer, task, resources } of this.#placed(role, group)) {
        const attempt = this.#begin(task, offer);
        attempts.push(attempt);
        const infos = launches.get(offer) ?? [];
        infos.push(taskInfo(task, attempt, resources));
        launches.set(offer, infos);
      }
    }
    const unused = offers.filter((offer) => !launches.has(offer)).map(({ id }) => id);
    const calls: Call[] = [...launches].map(([offer, infos]) => accept(offer, infos));
    if (unused.length > 0) {
      const filters = this.wantsMore ? SOON : NOT_NEEDED;
      calls.push({ type: SchedulerCall_Type.DECLINE, decline: { offer_ids: unused, filters } });
    }
    return { agents, attempts, calls: [...calls, ...this.#demand()] };
  }

  updated(status: TaskStatus): UpdateMeaning {
    const running = this.#running.get(status.task_id.value);
    if (running === undefined || running.isEnding) {
      return { type: 'noted' };
    }
    running.isRunning = status.state === TaskState.TASK_RUNNING;
    running.hasRun ||= running.isRunning;
    if (!isTerminal(status.state)) {
      return { type: 'noted' };
    }
    running.isEnding = true;
    this.#ending++;
    const { attempt, hasRun } = running;
    if (isLost(status)) {
      return this.#lost(attempt, hasRun, status);
    }
    this.#neverRan.delete(attempt.index);
    const success = status.state === TaskState.TASK_FINISHED;
    const failures = (this.#failureCounts.get(attempt.index) ?? 0) + (success ? 0 : 1);
    this.#failureCounts.set(attempt.index, failures);
    const retries = this.#tasks[attempt.index]?.retries ?? 0;
    // A task that can never run is not retried.
    const final = success || status.state === TaskState.TASK_ERROR || failures > retries;
    return { type: 'ended', attempt, success, final };
  }

  #lost(attempt: Attempt, hasRun: boolean, status: TaskStatus): UpdateMeaning {
    if (hasRun) {
      this.#neverRan.delete(attempt.index);
      return { type: 'lost', attempt, pauseMs: 0 };
    }
    const before = this.#neverRan.get(attempt.index) ?? { losses: 0, launchFailures: 0 };
    const losses = before.losses + 1;
    const launchFailures = isLaunchFailure(status) ? before.launchFailures + 1 : 0;
    this.#neverRan.set(attempt.index, { losses, launchFailures });
    return launchFailures < MOST_LAUNCH_FAILURES
      ? { type: 'lost', attempt, pauseMs: pauseMs(losses) }
      : { type: 'ended', attempt, success: false, final: true };
  }

  /** The pause of a lost task is over. */
  ready(index: number): Call[] {
    if (this.#paused.delete(index)) {
      this.#waiting.unshift(index);
    }
    return this.#demand();
  }

  /** The update was dealt with; returns the calls that follow. */
  settle(meaning: Exclude<UpdateMeaning, { type: 'noted' }>): Call[] {
    const { attempt } = meaning;
    this.#running.delete(attempt.taskId);
    this.#ending--;
    if (meaning.type === 'ended' && meaning.final) {
      this.#count(meaning.success);
    } else if (meaning.type === 'lost' && meaning.pauseMs > 0) {
      this.#paused.add(attempt.index);
    } else {
      this.#waiting.unshift(attempt.index);
    }
    return this.#demand();
  }

  /** Whether the batch has a use for more offers. */
  get wantsMore(): boolean {
    return (
      this.#waiting.length > 0 &&
      this.#running.size < this.#options.maxRunning &&
      this.#ending < MAX_ENDING
    );
  }

  /** SUPPRESS or REVIVE, if that has changed. */
  #demand(): Call[] {
    if (this.wantsMore !== this.#isSuppressed) {
      return [];
    }
    this.#isSuppressed = !this.#isSuppressed;
    return [{ type: this.#isSuppressed ? SchedulerCall_Type.SUPPRESS : SchedulerCall_Type.REVIVE }];
  }

  #count(success: boolean): void {
    if (success) {
      this.#succeeded++;
    } else {
      this.#failed++;
    }
  }

  #placed(role: string, offers: readonly Offer[]) {
    const room = this.wantsMore ? this.#options.maxRunning - this.#running.size : 0;
    const candidates: BatchTask[] = [];
    // More tasks than fit: perhaps the first ones fit nowhere.
    for (const index of room > 0 ? this.#waiting : []) {
      const task = this.#tasks[index];
      if (candidates.length >= MATCHED_AT_ONCE) {
        break;
      }
      if (task?.role === role) {
        candidates.push(task);
      }
    }
    const { placed: fitting, unplaced } = this.#options.place({
      tasks: candidates.map(demandOf),
      offers,
      running: this.#counted(),
    });
    const placed = fitting.slice(0, room);
    const [first] = unplaced;
    this.#obstacle = undefined;
    if (placed.length === 0 && first !== undefined) {
      this.#obstacle = {
        unplaced: first,
        waiting: candidates,
        agents: this.#agents,
        most: (name, constraints) => this.#most(name, constraints, offers),
        isPossible: (constraints) => this.#isPossible(constraints),
      };
    }
    if (candidates.length === MATCHED_AT_ONCE) {
      // The tasks behind them get their turn.
      const stuck = unplaced.filter(({ reason }) => placed.length === 0 || reason !== 'too large');
      const last = new Set(stuck.map(({ task }) => candidates[task]?.index));
      this.#waiting = [
        ...this.#waiting.filter((index) => !last.has(index)),
        ...this.#waiting.filter((index) => last.has(index)),
      ];
    }
    const started = new Set(placed.map((placement) => candidates[placement.task]?.index));
    this.#waiting = this.#waiting.filter((index) => !started.has(index));
    return placed.map((placement) => ({
      task: candidates[placement.task] as BatchTask,
      offer: offers[placement.offer] as Offer,
      resources: placement.resources,
    }));
  }

  /** Running tasks that constraints of others count; ended tasks are not counted. */
  #counted(): RunningTask[] {
    const running = this.#hasGroups ? [...this.#running.values()] : [];
    return running.flatMap(({ attempt, isEnding }) => {
      const place = this.#agents.of(attempt.agentId);
      const constraints = this.#tasks[attempt.index]?.constraints.filter(isOfGroup) ?? [];
      return isEnding || place === undefined || constraints.length === 0
        ? []
        : [{ place, constraints: constraints.map(({ placement }) => placement) }];
    });
  }

  #isPossible(constraints: readonly Constraint[]): boolean {
    const task = { amounts: {}, constraints: constraints.map(({ placement }) => placement) };
    const { placed } = this.#options.place({ tasks: [task], offers: this.#agents.all });
    return placed.length > 0;
  }

  /** The most of a resource in one offer that satisfies the constraints. */
  #most(name: string, constraints: readonly Constraint[], offers: readonly Offer[]): number {
    const task = { amounts: {}, constraints: constraints.map(({ placement }) => placement) };
    const { place, quantities } = this.#options;
    const fitting = offers.filter(
      (offer) => place({ tasks: [task], offers: [offer] }).placed.length > 0,
    );
    return Math.max(0, ...fitting.map(({ resources }) => quantities(resources ?? [])[name] ?? 0));
  }

  #begin(task: BatchTask, offer: Offer): Attempt {
    const number = (this.#attemptCounts.get(task.index) ?? 0) + 1;
    this.#attemptCounts.set(task.index, number);
    const attempt: Attempt = {
      taskId: `${task.index + 1}-${safeName(task.name)}.${number}`,
      index: task.index,
      number,
      agentId: offer.agent_id.value,
      agentAddress: addressOf(offer),
    };
    this.#running.set(attempt.taskId, {
      attempt,
      isRunning: false,
      hasRun: false,
      isEnding: false,
    });
    return attempt;
  }
}

const roleOf = (offer: Offer) => offer.allocation_info?.role ?? '*';

function addressOf({ url, hostname }: Offer): string {
  const address = url?.address;
  return `${address?.ip ?? address?.hostname ?? hostname}:${address?.port ?? 5051}`;
}

function demandOf(task: BatchTask): TaskDemand {
  const amounts = { cpus: task.cpus, mem: task.mem, disk: task.disk, gpus: task.gpus };
  return {
    amounts: Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0)),
    constraints: task.constraints.map(({ placement }) => placement),
  };
}

function accept(offer: Offer, infos: TaskInfo[]): Call {
  return {
    type: SchedulerCall_Type.ACCEPT,
    accept: {
      offer_ids: [offer.id],
      operations: [{ type: Offer_Operation_Type.LAUNCH, launch: { task_infos: infos } }],
      filters: AT_ONCE,
    },
  };
}

function taskInfo(task: BatchTask, attempt: Attempt, resources: Resource[]): TaskInfo {
  const variables = Object.entries(task.env).map(([name, value]) => ({ name, value }));
  const agentId: AgentID = { value: attempt.agentId };
  return {
    name: task.name,
    task_id: { value: attempt.taskId },
    agent_id: agentId,
    resources,
    command: {
      value: task.command,
      shell: true,
      ...(variables.length > 0 ? { environment: { variables } } : {}),
    },
    ...(task.image !== undefined && { container: containerOfImage(task.image) }),
  };
}

/** The characters of a name that ids and file names may have. */
export const safeName = (name: string) => name.replaceAll(/[^\w.-]+/g, '_').slice(0, 80);
