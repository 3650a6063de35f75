// What a framework does with offers: tasks for its own executors or the built-in one, alone or in
// groups, and conversions of resources among them.
import {
  type ExecutorInfo,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  type TaskInfo,
  TaskState,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { conversionOf } from './conversions.ts';
import type { FrameworkPlan } from './framework-plan.ts';
import type { CommandPlan } from './machine.ts';
import type { Simulation } from './simulation.ts';
import type { KnownTask } from './task-news.ts';

/** The framework of the tasks. */
export interface Launcher {
  readonly plan: FrameworkPlan;
  readonly tasks: Map<string, KnownTask>;
  readonly id: () => string | undefined;
}

export class Launches {
  /** The number of tasks so far. */
  launched = 0;
  #operations = 0;
  readonly #simulation: Simulation;
  readonly #plan: FrameworkPlan;
  readonly #tasks: Map<string, KnownTask>;
  readonly #id: () => string | undefined;

  constructor(simulation: Simulation, { plan, tasks, id }: Launcher) {
    this.#simulation = simulation;
    this.#plan = plan;
    this.#tasks = tasks;
    this.#id = id;
  }

  get areOver(): boolean {
    return this.launched >= this.#plan.tasks;
  }

  /** The operations to accept the offer with, and the tasks in them. */
  accept(offer: Offer): {
    readonly tasks: readonly TaskInfo[];
    readonly operations: Offer_Operation[];
  } {
    const tasks = this.#tasksFor(offer);
    const operations = this.#conversions(offer);
    for (const launch of this.#launchesOf(tasks)) {
      operations.splice(this.#simulation.chance.int(0, operations.length), 0, launch);
    }
    return { tasks, operations };
  }

  /** Tasks for a custom executor may go as a group. */
  #launchesOf(tasks: readonly TaskInfo[]): Offer_Operation[] {
    const { chance, settings } = this.#simulation;
    const own = tasks.filter(({ executor }) => executor !== undefined);
    const executor = own[0]?.executor;
    const isGroup = executor !== undefined && settings.taskGroups > 0;
    if (!isGroup || !chance.of(settings.taskGroups)) {
      return [{ type: Offer_Operation_Type.LAUNCH, launch: { task_infos: [...tasks] } }];
    }
    const others = tasks.filter((task) => task.executor === undefined);
    const group = own.map(({ executor: _, ...task }) => task);
    return [
      { type: Offer_Operation_Type.LAUNCH, launch: { task_infos: others } },
      {
        type: Offer_Operation_Type.LAUNCH_GROUP,
        launch_group: { executor, task_group: { tasks: group } },
      },
    ];
  }

  #conversions(offer: Offer): Offer_Operation[] {
    const { chance, settings } = this.#simulation;
    const operations: Offer_Operation[] = [];
    while (chance.of(settings.conversions)) {
      const number = this.#operations++;
      const operation = conversionOf(chance, offer, {
        volume: `${this.#plan.name}-v${number}`,
        operation: chance.of(0.5) ? `${this.#plan.name}-op${number}` : undefined,
        resizes: settings.resizesVolumes,
      });
      if (operation !== undefined) {
        const body = JSON.stringify(operation);
        this.#simulation.note(this.#plan.name, () => `converts ${body}`);
        operations.push(operation);
      }
    }
    return operations;
  }

  #tasksFor(offer: Offer): TaskInfo[] {
    const { chance, agenda } = this.#simulation;
    const role = offer.allocation_info?.role ?? '*';
    let cpus = milliOf(offer, 'cpus');
    let mem = milliOf(offer, 'mem');
    const tasks: TaskInfo[] = [];
    const wanted = Math.min(chance.int(1, 4), this.#plan.tasks - this.launched);
    for (let i = 0; i < wanted; i++) {
      const needs = { cpus: chance.int(1, 15) * 100, mem: chance.int(1, 32) * 32_000 };
      const isGreedy = chance.of(0.02);
      if (!isGreedy && (needs.cpus > cpus || needs.mem > mem)) {
        continue;
      }
      cpus -= needs.cpus;
      mem -= needs.mem;
      const plan = this.#commandPlan();
      const id = `${this.#plan.name}-t${this.launched++}`;
      const hasOwnExecutor = this.#plan.ownExecutors && chance.of(0.5);
      this.#tasks.set(id, {
        id,
        hasOwnExecutor,
        agentId: offer.agent_id.value,
        plan,
        state: TaskState.TASK_STAGING,
        isUnknown: false,
        isGivenUp: false,
        isKilled: false,
        uuids: [],
        acknowledged: new Set(),
        reported: undefined,
      });
      if (this.#id() !== undefined) {
        this.#simulation.plans.set(`${this.#id()} ${id}`, plan);
      }
      tasks.push({
        name: id,
        task_id: { value: id },
        agent_id: offer.agent_id,
        ...(hasOwnExecutor
          ? { executor: this.executor(role) }
          : { command: { value: `started at ${agenda.nowMs}` } }),
        resources: [scalar('cpus', needs.cpus, role), scalar('mem', needs.mem, role)],
      });
    }
    return tasks;
  }

  /**
   * One executor for each role, the same on every agent; it needs little, which may not be there.
   */
  executor(role: string): ExecutorInfo {
    return {
      executor_id: { value: `${this.#plan.name}-${role.replaceAll('/', '-')}` },
      framework_id: { value: this.#id() ?? '' },
      command: { value: 'executor' },
      resources: [scalar('cpus', 100, role), scalar('mem', 32_000, role)],
    };
  }

  #commandPlan(): CommandPlan {
    const { chance } = this.#simulation;
    return {
      runsMs: chance.of(0.3) ? chance.int(0, 1_000) : chance.int(1_000, 120_000),
      waitStatus: chance.of(0.7) ? 0 : chance.pick([1 << 8, 3 << 8, 9, 11]),
      terminatesMs: chance.of(0.8) ? chance.int(0, 2_000) : undefined,
    };
  }
}

const scalar = (name: string, milli: number, role: string): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value: milli / 1000 },
  allocation_info: { role },
});

function milliOf(offer: Offer, name: string): number {
  let milli = 0;
  for (const resource of offer.resources ?? []) {
    if (resource.name === name && resource.reservations === undefined) {
      milli += Math.round((resource.scalar?.value ?? 0) * 1000);
    }
  }
  return milli;
}
