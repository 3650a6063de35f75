// The agent's part of /metrics/snapshot, by Mesos's names.
import type { Resource } from '../../model/generated/messages.ts';
import { TaskState } from '../../model/generated/messages.ts';
import type { AgentState } from '../state.ts';
import { agentAllocated } from './state-endpoint.ts';

const RESOURCE_NAMES = ['cpus', 'gpus', 'mem', 'disk'];

export function metricsView(agent: AgentState, nowMs: number): Record<string, number> {
  const metrics: Record<string, number> = {
    'slave/uptime_secs': (nowMs - agent.startedMs) / 1000,
    'slave/registered': agent.phase === 'running' ? 1 : 0,
    'slave/frameworks_active': agent.frameworks.size,
  };
  for (const [name, count] of Object.entries(agent.counters)) {
    metrics[`slave/${name}`] = count;
  }
  metrics['slave/core_rebuilds'] = agent.core.sharedTraps;
  for (const name of ['subscribed', 'events/subscribe', 'events/disconnect']) {
    // There are no resource providers here.
    metrics[`resource_provider_manager/${name}`] = 0;
  }
  countExecutors(agent, metrics);
  countTasks(agent, metrics);
  measureResources(agent, metrics);
  if (agent.recoveredMs !== undefined) {
    metrics['slave/recovery_time_secs'] = Math.max(0, agent.recoveredMs - agent.startedMs) / 1000;
  }
  return metrics;
}

function countExecutors(agent: AgentState, metrics: Record<string, number>): void {
  const counts = { registering: 0, running: 0, terminating: 0, terminated: 0 };
  for (const { state } of agent.containers.values()) {
    counts[state]++;
  }
  metrics['slave/executors_registering'] = counts.registering;
  metrics['slave/executors_running'] = counts.running;
  metrics['slave/executors_terminating'] = counts.terminating;
}

function countTasks(agent: AgentState, metrics: Record<string, number>): void {
  const counts = new Map<TaskState, number>();
  let queued = 0;
  for (const executor of agent.containers.values()) {
    queued += executor.queued.size;
    for (const { state } of executor.launched.values()) {
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
  }
  metrics['slave/tasks_staging'] = queued + (counts.get(TaskState.TASK_STAGING) ?? 0);
  metrics['slave/tasks_starting'] = counts.get(TaskState.TASK_STARTING) ?? 0;
  metrics['slave/tasks_running'] = counts.get(TaskState.TASK_RUNNING) ?? 0;
  metrics['slave/tasks_killing'] = counts.get(TaskState.TASK_KILLING) ?? 0;
}

function measureResources(agent: AgentState, metrics: Record<string, number>): void {
  const quantities = (resources: readonly Resource[], isRevocable: boolean) =>
    agent.core.algebra.quantities(
      resources.filter(({ revocable }) => (revocable !== undefined) === isRevocable),
    );
  const used = agentAllocated(agent);
  for (const [suffix, isRevocable] of [
    ['', false],
    ['_revocable', true],
  ] as const) {
    const totals = quantities(agent.options.resources, isRevocable);
    const uses = quantities(used, isRevocable);
    for (const name of RESOURCE_NAMES) {
      const total = totals[name] ?? 0;
      const use = uses[name] ?? 0;
      metrics[`slave/${name}${suffix}_total`] = total;
      metrics[`slave/${name}${suffix}_used`] = use;
      metrics[`slave/${name}${suffix}_percent`] = total === 0 ? 0 : use / total;
    }
  }
}
