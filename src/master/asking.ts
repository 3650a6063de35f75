// Which call or message is being taken, for the audit log.
import { enumNames } from '../model/enum-names.ts';
import { MasterCall_Type, SchedulerCall_Type } from '../model/generated/messages.ts';
import type { MasterEvent } from './events.ts';

export interface Asking {
  readonly call: string;
  /** Where it comes from: an IP address, or the pid of a message. */
  readonly origin?: string | undefined;
}

const schedulerCallName = enumNames(SchedulerCall_Type);
const masterCallName = enumNames(MasterCall_Type);

/** Undefined for an event that nobody asks for. */
export function askingOf(event: MasterEvent): Asking | undefined {
  switch (event.type) {
    case 'schedulerSubscribe':
    case 'schedulerCall':
      return { call: schedulerCallName(event.call.type) ?? 'UNKNOWN', origin: event.origin };
    case 'operatorCall':
      return { call: masterCallName(event.call.type) ?? 'UNKNOWN', origin: event.origin };
    case 'agentMessage':
      return { call: event.message.name, origin: event.from };
    default:
      return undefined;
  }
}
