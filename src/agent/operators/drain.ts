// Draining: every task is ended, within a grace period, and nothing new is started until all is
// gone.
import type { DrainAgentMessage } from '../../model/generated/messages.ts';
import { log, persist } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { killTask, limitedPolicy } from '../tasks/kill.ts';

export function drainAsked(agent: AgentState, { config }: DrainAgentMessage): void {
  if (agent.frameworks.size === 0 && agent.operations.size === 0) {
    log(agent, 'info', 'Nothing to drain');
    return;
  }
  log(agent, 'info', 'Draining');
  agent.drain = { config, startedMs: agent.nowMs };
  persist(agent, { type: 'drain', drain: agent.drain });
  killAll(agent);
}

/** Kills all tasks; also after a restart of the agent, for tasks that had not ended before. */
export function killAll(agent: AgentState): void {
  const maxGraceNs = agent.drain?.config.max_grace_period?.nanoseconds;
  for (const executor of [...agent.containers.values()]) {
    for (const [id, task] of [...executor.launched, ...executor.queued]) {
      killTask(agent, executor, id, limitedPolicy(task, maxGraceNs));
    }
  }
}
