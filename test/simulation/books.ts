// Checks the accounts of master and agents: free, offered and used resources add up to the total,
// and everything that is counted exists.

import type { AgentState } from '../../src/agent/state.ts';
import { metricsView as agentMetrics } from '../../src/agent/views/metrics.ts';
import type { ResourceAlgebra } from '../../src/core/interface.ts';
import type { MasterState } from '../../src/master/state.ts';
import { metricsView } from '../../src/master/views/metrics.ts';
import { type Resource, TaskState } from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { withoutAllocation } from '../../src/model/resource-format.ts';
import { resourcesText } from '../../src/model/resource-label.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { fail } from './breach.ts';

/** Stands for the event at the end, when everything is at rest. */
export const AT_THE_END = 'the end';

/** What must hold of master and allocator at the end of a step. */
export function checkMasterBooks(state: MasterState, when: string): void {
  const { algebra, allocator } = state;
  for (const agent of state.agents.registered.values()) {
    const total = allocator.total(agent.id);
    const offered = [...agent.offers].flatMap(({ resources }) => resources);
    const used = [...agent.tasks.values()]
      .flatMap((tasks) => [...tasks.values()])
      .filter((task) => !isTerminal(task.state) && task.state !== TaskState.TASK_UNREACHABLE)
      .flatMap(({ resources }) => resources ?? []);
    const executors = [...agent.executors.values()]
      .flatMap((own) => [...own.values()])
      .flatMap(({ resources }) => resources ?? []);
    const held = [offered, used, executors].map((part) => part.map(withoutAllocation));
    // While an operation and a task on its result are both on their way, an agent that comes back
    // may have less than is held of it.
    const left = algebra.subtract(total, algebra.sum(held));
    expectEqual(
      algebra,
      allocator.free(agent.id),
      left,
      () =>
        `after ${when}: free of ${agent.id}, with offered, used, executors` +
        ` ${held.map(text).join(' | ')} of ${text(total)}`,
    );
    if (when === AT_THE_END && !algebra.contains(total, algebra.sum(held))) {
      fail(`more is held of ${agent.id} than the ${text(total)} there is`);
    }
    expectEqual(algebra, total, agent.total, () => `after ${when}: total of ${agent.id}`);
  }
  for (const offer of state.offers.values()) {
    if (!offer.agent.offers.has(offer) || !offer.framework.offers.has(offer)) {
      fail(`offer ${offer.id} is in one book only`);
    }
  }
  for (const framework of state.frameworks.registered.values()) {
    for (const [id, task] of framework.tasks) {
      const agent = state.agents.registered.get(agentId(task.agent_id.value));
      if (agent?.tasks.get(framework.id)?.get(id) !== task) {
        fail(`after ${when}: task ${id} is its framework's and not its agent's`);
      }
    }
  }
}

/** Counters that every change updates must equal a fresh count. */
export function checkMetrics(state: MasterState, when: string): void {
  const metrics = metricsView(state, state.nowMs);
  const wrong = Object.entries(metrics).find(
    ([name, value]) => !(value >= 0) && name !== 'master/uptime_secs',
  );
  if (wrong !== undefined) {
    fail(`after ${when}: metric ${wrong.join(' is ')}`);
  }
  const tasks = [...state.agents.registered.values()].flatMap((agent) =>
    [...agent.tasks.values()].flatMap((own) => [...own.values()]),
  );
  for (const name of ['staging', 'starting', 'running', 'killing'] as const) {
    const wanted = TaskState[`TASK_${name.toUpperCase() as Uppercase<typeof name>}`];
    const count = tasks.filter((task) => task.state === wanted).length;
    if (metrics[`master/tasks_${name}`] !== count) {
      const shown = metrics[`master/tasks_${name}`];
      fail(`after ${when}: ${shown} tasks are said to be ${name}, there are ${count}`);
    }
  }
  for (const framework of state.frameworks.registered.values()) {
    const active = [...framework.counters.activeTasks.values()].reduce((sum, it) => sum + it, 0);
    const living = [...framework.tasks.values()].filter((it) => !isTerminal(it.state)).length;
    if (active !== living) {
      fail(`after ${when}: ${active} tasks of ${framework.id} are counted, not ${living}`);
    }
  }
}

/** An agent's ledger has exactly what executors of live frameworks hold. */
export function checkAgentBooks(name: string, state: AgentState): void {
  const { algebra } = state.core;
  for (const executor of state.containers.values()) {
    const held = [...executor.launched, ...executor.queued]
      .filter(([id]) => !executor.unbooked.has(id))
      .flatMap(([, task]) => task.resources ?? []);
    const own = executor.builtin === undefined ? (executor.info.resources ?? []) : [];
    expectEqual(
      algebra,
      state.ledger.usedBy(executor.containerId),
      executor.framework.state === 'terminating' ? [] : [...held, ...own],
      () => `${name}'s ledger of executor ${executor.executorId}`,
    );
  }
  const wrong = Object.entries(agentMetrics(state, state.nowMs)).find(
    ([name, value]) => !(value >= 0) && name !== 'slave/uptime_secs',
  );
  if (wrong !== undefined) {
    fail(`${name}'s metric ${wrong.join(' is ')}`);
  }
  const used = [...state.containers.keys()].map((id) => state.ledger.usedBy(id));
  expectEqual(
    algebra,
    state.ledger.used(),
    algebra.sum(used),
    () => `${name}'s ledger holds something for nobody`,
  );
}

function expectEqual(
  algebra: ResourceAlgebra,
  left: readonly Resource[],
  right: readonly Resource[],
  what: () => string,
): void {
  if (!algebra.equal(left.map(withoutAllocation), right.map(withoutAllocation))) {
    fail(`${what()}: ${text(left)} is not ${text(right)}`);
  }
}

export const text = (resources: readonly Resource[]) => resourcesText(resources) || 'nothing';
