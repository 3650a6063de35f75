// What an agent logs of tasks: what its master sends, and what it says to that.
import type { AgentEffect } from '../../agent/effects.ts';
import type { AgentEvent } from '../../agent/events.ts';
import type { ProcessLogger } from '../../runtime/logger.ts';
import { TaskTrail } from '../../runtime/task-trail.ts';

export function agentTrail(logger: ProcessLogger, masterOf: () => string | undefined) {
  const trail = new TaskTrail(logger);
  return {
    event: (event: AgentEvent) => {
      if (event.type === 'masterMessage' && event.from === masterOf()) {
        trail.passes(event.message, `from ${event.from}`);
      }
    },
    effect: (effect: AgentEffect) => {
      if (effect.type === 'sendToMaster') {
        trail.passes(effect.message, `to ${effect.to}`);
      }
    },
  };
}
