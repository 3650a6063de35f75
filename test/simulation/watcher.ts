// A reader of the operators' event stream that believes nothing else: what it makes of the events
// must agree with the master.
import type { MasterState } from '../../src/master/state.ts';
import {
  type MasterEvent,
  MasterEvent_Type,
  type Task,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { fail } from './breach.ts';

const keyOf = (framework: string, task: string) => `${framework} ${task}`;
const isOver = (state: TaskState) => isTerminal(state) || state === TaskState.TASK_UNREACHABLE;

export class Watcher {
  readonly #agents = new Set<string>();
  readonly #frameworks = new Set<string>();
  readonly #tasks = new Map<string, TaskState>();

  received(event: MasterEvent): void {
    const { subscribed, task_updated, framework_updated, framework_removed } = event;
    switch (event.type) {
      case MasterEvent_Type.SUBSCRIBED:
        this.#begin(subscribed?.get_state ?? {});
        return;
      case MasterEvent_Type.TASK_ADDED:
        this.#taskAdded(event.task_added?.task);
        return;
      case MasterEvent_Type.TASK_UPDATED:
        if (task_updated !== undefined) {
          const { framework_id, status, state } = task_updated;
          this.#taskUpdated(keyOf(framework_id.value, status.task_id.value), state);
        }
        return;
      case MasterEvent_Type.AGENT_ADDED:
        // Repeated for an agent that comes back, since an unreachable agent is not shown.
        this.#agents.add(event.agent_added?.agent.agent_info.id?.value ?? '');
        return;
      case MasterEvent_Type.AGENT_REMOVED:
        this.#leave(this.#agents, event.agent_removed?.agent_id.value);
        return;
      case MasterEvent_Type.FRAMEWORK_ADDED:
        this.#enter(this.#frameworks, event.framework_added?.framework.framework_info.id?.value);
        return;
      case MasterEvent_Type.FRAMEWORK_UPDATED:
        if (!this.#frameworks.has(framework_updated?.framework.framework_info.id?.value ?? '')) {
          fail('an operator reads of a change of a framework that was not added');
        }
        return;
      case MasterEvent_Type.FRAMEWORK_REMOVED:
        this.#leave(this.#frameworks, framework_removed?.framework_info.id?.value);
        return;
      default:
        return;
    }
  }

  #begin(state: NonNullable<NonNullable<MasterEvent['subscribed']>['get_state']>): void {
    for (const { agent_info } of state.get_agents?.agents ?? []) {
      this.#enter(this.#agents, agent_info.id?.value);
    }
    for (const { framework_info } of state.get_frameworks?.frameworks ?? []) {
      this.#enter(this.#frameworks, framework_info.id?.value);
    }
    for (const task of state.get_tasks?.tasks ?? []) {
      this.#taskAdded(task);
    }
  }

  #enter(known: Set<string>, id: string | undefined): void {
    if (id === undefined || known.has(id)) {
      fail(`an operator reads that ${id} is added, twice`);
    }
    known.add(id);
  }

  #leave(known: Set<string>, id: string | undefined): void {
    if (id === undefined || !known.delete(id)) {
      fail(`an operator reads that ${id} is removed, which was not there`);
    }
  }

  #taskAdded(task: Task | undefined): void {
    if (task !== undefined) {
      const key = keyOf(task.framework_id.value, task.task_id.value);
      const before = this.#tasks.get(key);
      if (before !== undefined && !isOver(before)) {
        fail(`an operator reads that task ${key} is added, twice`);
      }
      this.#tasks.set(key, task.state);
    }
  }

  #taskUpdated(key: string, state: TaskState): void {
    if (!this.#tasks.has(key)) {
      fail(`an operator reads news of task ${key}, which was not added`);
    }
    this.#tasks.set(key, state);
  }

  /** To be called at rest. */
  check({ agents, frameworks }: MasterState): void {
    const living = [...this.#tasks].find(([, state]) => !isOver(state));
    if (living !== undefined) {
      fail(`an operator believes that task ${living[0]} lives`);
    }
    // Nor is an agent shown that was marked gone.
    const lost = new Set<string>([...agents.unreachable.keys(), ...agents.gone.keys()]);
    const believed = new Set([...this.#agents].filter((id) => !lost.has(id)));
    this.#expectSame('agents', believed, [...agents.registered.keys()]);
    this.#expectSame('frameworks', this.#frameworks, [...frameworks.registered.keys()]);
  }

  #expectSame(what: string, believed: ReadonlySet<string>, there: readonly string[]): void {
    if (believed.size !== there.length || !there.every((id) => believed.has(id))) {
      fail(`an operator believes in ${what} ${[...believed]}, there are ${there}`);
    }
  }
}
