// An event during which the core has refused a call, because of a limit that no check before it
// knows. That is a bug of the master, but no reason to end it and all that depends on it. What the
// event has changed so far stays, and so do its effects: each change is made together with the
// effect that tells of it. The rest of the event is dropped, with an error line, and the allocator,
// which may know half of the event, is made anew.
import type { CoreError } from '../core/interface.ts';
import type { MasterEvent } from './events.ts';
import { log, reply } from './outbox.ts';
import type { MasterState } from './state.ts';

export function breakOff(state: MasterState, event: MasterEvent, error: CoreError): void {
  const { message } = error;
  log(state, 'error', `Dropping the rest of ${nameOf(event)}, which the core refuses: ${message}`);
  state.allocator.lose(error);
  if ('request' in event && !isAnswered(state, event.request)) {
    reply(state, event.request, 500, `The scheduler core refuses what the call asks: ${message}`);
  }
}

const isAnswered = ({ effects }: MasterState, request: string) =>
  effects.some((effect) => 'request' in effect && effect.request === request);

function nameOf(event: MasterEvent): string {
  switch (event.type) {
    case 'schedulerCall':
      return `a scheduler call of type ${event.call.type} of framework ${event.call.framework_id?.value}`;
    case 'operatorCall':
      return `an operator call of type ${event.call.type}`;
    case 'agentMessage':
      return `${event.message.name} of ${event.from}`;
    case 'timer':
      return `timer ${event.timer}`;
    default:
      return `event ${event.type}`;
  }
}
