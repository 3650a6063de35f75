// An idle agent, which runs nothing any more: if it drains, it has drained; if it is to end, it
// ends.
import { emit, log, persist } from './outbox.ts';
import type { AgentState } from './state.ts';

/** Ends the drain of an idle agent; called when a framework or an operation has ended. */
export function drained(agent: AgentState): void {
  const isDrained = agent.frameworks.size === 0 && agent.operations.size === 0;
  if (agent.drain !== undefined && isDrained) {
    log(agent, 'info', 'Agent finished draining');
    agent.drain = undefined;
    persist(agent, { type: 'drain' });
  }
}

/** Ends an idle agent that is to end; called when a framework has ended. */
export function stopIfIdle(agent: AgentState): void {
  if (agent.phase === 'terminating' && agent.frameworks.size === 0) {
    emit(agent, { type: 'exit', code: 0, reason: 'Shut down' });
  }
}
