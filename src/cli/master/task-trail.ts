// What a master logs of tasks: what it sends to agents, and what these say. Anybody can send an
// update; only those of agents that are registered are told of.
import type { MasterEffect } from '../../master/effects.ts';
import type { MasterEvent } from '../../master/events.ts';
import type { MasterViews } from '../../master/views.ts';
import type { ProcessLogger } from '../../runtime/logger.ts';
import { TaskTrail } from '../../runtime/task-trail.ts';

export function masterTrail(logger: ProcessLogger, views: Pick<MasterViews, 'agentPlace'>) {
  const trail = new TaskTrail(logger);
  const isOfAgent = (id: string | undefined, pid: string) => {
    const place = id === undefined ? undefined : views.agentPlace(id);
    return place !== undefined && pid.endsWith(`@${place.address}`);
  };
  return {
    event: (event: MasterEvent) => {
      if (event.type === 'agentMessage' && event.message.name === 'StatusUpdateMessage') {
        const { from, message } = event;
        if (trail.tellsOf(message) && isOfAgent(message.body.update.agent_id?.value, from)) {
          trail.passes(message, `from ${from}`);
        }
      }
    },
    effect: (effect: MasterEffect) => {
      if (effect.type === 'sendToAgent') {
        trail.passes(effect.message, `to ${effect.to}`);
      }
    },
  };
}
