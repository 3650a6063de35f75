// The end of an agent: with its tasks (asked by the master or by an operator) or without them.

import type { ShutdownMessage } from '../model/generated/messages.ts';
import type { StopAsked } from './events.ts';
import { destroyContainer } from './executors/executor.ts';
import { shutdownFramework } from './executors/framework.ts';
import { stopIfIdle } from './idle.ts';
import { emit, emitAtOnce, log, persistIdle } from './outbox.ts';
import { clearRegistration } from './registration/registration.ts';
import type { AgentState } from './state.ts';

export function stopAsked(agent: AgentState, { how }: StopAsked): void {
  if (how === 'leave') {
    // Executors of checkpointing frameworks go on, and the next agent finds them. It would not find
    // the others, which end now.
    for (const executor of agent.containers.values()) {
      if (!executor.checkpoint) {
        destroyContainer(agent, executor);
      }
    }
    persistIdle(agent);
    // The agent does not wait until everything is written: the reason to stop may be a disk that
    // takes no writes.
    emitAtOnce(agent, { type: 'exit', code: 0, reason: 'Asked to stop' });
    return;
  }
  if (agent.phase === 'terminating') {
    return;
  }
  if (agent.id !== undefined && agent.master !== undefined) {
    const body = { agent_id: { value: agent.id } };
    const message = { name: 'UnregisterAgentMessage' as const, body };
    emit(agent, { type: 'sendToMaster', to: agent.master, message });
  }
  // As in Mesos the next agent has the same id: a master registers again an agent that has
  // unregistered.
  terminate(agent, 'Unregistering and shutting down');
}

export function shutdownAsked(agent: AgentState, body: ShutdownMessage): void {
  terminate(agent, `Asked to shut down by the master: ${body.message ?? 'no reason given'}`);
}

/** Shuts everything down; the agent ends when the last framework is gone. */
export function terminate(agent: AgentState, why: string): void {
  log(agent, 'info', why);
  agent.phase = 'terminating';
  clearRegistration(agent);
  if (agent.frameworks.size === 0) {
    stopIfIdle(agent);
  }
  for (const framework of [...agent.frameworks.values()]) {
    shutdownFramework(agent, framework);
  }
}
