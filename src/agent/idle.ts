// An agent that runs nothing any more: one that drains has drained, and one that is to end ends.
import { emit, log, persist } from './outbox.ts';
import type { AgentState } from './state.ts';

/** To be called when a framework or an operation has gone. */
export function drained(agent: AgentState): void {
  const isDrained = agent.frameworks.size === 0 && agent.operations.size === 0;
  if (agent.drain !== undefined && isDrained) {
    log(agent, 'info', 'Agent finished draining');
    agent.drain = undefined;
    persist(agent, { type: 'drain' });
  }
}

/** To be called when a framework has gone. */
export function stopIfIdle(agent: AgentState): void {
  if (agent.phase === 'terminating' && agent.frameworks.size === 0) {
    emit(agent, { type: 'exit', code: 0, reason: 'Shut down' });
  }
}
