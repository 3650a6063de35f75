// What a framework knows of its tasks from updates. It acknowledges them, at once or a while later,
// and notices an order that makes no sense.
import { TaskState, type TaskStatus } from '../../src/model/generated/messages.ts';
import { formatUuid } from '../../src/model/random.ts';
import { isTerminal, taskStateName } from '../../src/model/task-state.ts';
import { fail } from './breach.ts';
import type { Framework } from './framework.ts';
import type { CommandPlan } from './machine.ts';
import type { Simulation } from './simulation.ts';

export interface KnownTask {
  readonly id: string;
  readonly agentId: string;
  readonly plan: CommandPlan;
  readonly hasOwnExecutor: boolean;
  state: TaskState;
  /** Whether master or agent has reported that it cannot know the task any more. */
  isUnknown: boolean;
  /** Whether the master has reported it lost: if it still runs, others may have its resources. */
  isGivenUp: boolean;
  isKilled: boolean;
  /** Uuids in the order of their first arrival. */
  readonly uuids: string[];
  readonly acknowledged: Set<string>;
  /** The last state of an update with a uuid. */
  reported: TaskState | undefined;
}

const RANK = new Map<TaskState, number>([
  [TaskState.TASK_STAGING, 0],
  [TaskState.TASK_STARTING, 1],
  [TaskState.TASK_RUNNING, 2],
  [TaskState.TASK_KILLING, 3],
]);

/** States that a master reports of tasks that it does not count. */
const GIVEN_UP = new Set<TaskState>([
  TaskState.TASK_LOST,
  TaskState.TASK_DROPPED,
  TaskState.TASK_UNREACHABLE,
  TaskState.TASK_GONE,
  TaskState.TASK_UNKNOWN,
]);

const rankOf = (state: TaskState) => RANK.get(state) ?? 4;

export class TaskNews {
  readonly #simulation: Simulation;
  readonly #framework: Framework;

  constructor(simulation: Simulation, framework: Framework) {
    this.#simulation = simulation;
    this.#framework = framework;
  }

  /**
   * `acknowledges` sends an acknowledgement, and returns false where the connection has changed.
   */
  updated(status: TaskStatus, acknowledges: (status: TaskStatus) => boolean): void {
    const { agenda, chance } = this.#simulation;
    const task = this.#framework.tasks.get(status.task_id.value);
    if (task === undefined) {
      fail(
        `${this.#framework.plan.name} hears of ${status.task_id.value}, which it never launched`,
      );
      return;
    }
    this.#simulation.note(
      this.#framework.plan.name,
      () =>
        `hears ${task.id} ${taskStateName(status.state)} (${status.message ?? ''}) ${uuidOf(status)?.slice(0, 8) ?? ''}`,
    );
    const uuid = uuidOf(status);
    if (uuid === undefined) {
      this.#told(task, status);
      return;
    }
    if (!task.uuids.includes(uuid)) {
      this.#checkOrder(task, status);
      task.uuids.push(uuid);
      task.reported = status.state;
    }
    // A scheduler acknowledges updates in the order in which they came.
    const acknowledge = () => {
      if (!acknowledges(status)) {
        return;
      }
      task.acknowledged.add(uuid);
      task.isUnknown = false;
      const later = task.uuids.slice(task.uuids.indexOf(uuid) + 1);
      if (later.some((it) => task.acknowledged.has(it))) {
        // A repeated update of the past, whose acknowledgement took its time.
        return;
      }
      if (
        !isTerminal(task.state) ||
        task.state === TaskState.TASK_LOST ||
        isTerminal(status.state)
      ) {
        task.state = status.state;
      }
    };
    if (chance.of(0.5)) {
      acknowledge();
    } else {
      agenda.after(chance.delay(0, 3_000), acknowledge);
    }
  }

  /** Updates of an executor come in the order of a task's life, however often they are repeated. */
  #checkOrder(task: KnownTask, status: TaskStatus): void {
    const { reported } = task;
    if (reported !== undefined && isTerminal(reported)) {
      this.#simulation.checks.afterEnd(this.#framework, task, status);
    } else if (reported !== undefined && rankOf(status.state) < rankOf(reported)) {
      fail(
        `${this.#framework.plan.name} hears ${taskStateName(status.state)} of ${task.id} after ${taskStateName(reported)}`,
      );
    }
  }

  /** Updates without a uuid come from the master, and say what it believes. */
  #told(task: KnownTask, status: TaskStatus): void {
    task.isGivenUp ||= GIVEN_UP.has(status.state);
    const last = task.uuids.at(-1) ?? '';
    if (isTerminal(task.reported ?? TaskState.TASK_STAGING) && task.acknowledged.has(last)) {
      return;
    }
    if (status.state === TaskState.TASK_UNKNOWN) {
      task.isUnknown = true;
      return;
    }
    task.isUnknown = false;
    task.state = status.state;
  }
}

const uuidOf = (status: TaskStatus) =>
  status.uuid === undefined || status.uuid.length === 0 ? undefined : formatUuid(status.uuid);
