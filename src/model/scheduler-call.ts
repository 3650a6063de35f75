// The fields that a call of the scheduler API must have, checked before its meaning.
import {
  type FrameworkInfo,
  type SchedulerCall,
  SchedulerCall_Type,
} from './generated/messages.ts';
import { isUuid } from './identifier.ts';

/**
 * Why a call is refused with 400, in Mesos's words (the response's text is `Failed to validate
 * scheduler::Call: ` and this).
 */
export function schedulerCallError(call: SchedulerCall): string | undefined {
  if (call.type === undefined) {
    return "Expecting 'type' to be present";
  }
  if (call.type === SchedulerCall_Type.SUBSCRIBE) {
    return subscribeError(call);
  }
  if (call.framework_id === undefined) {
    return "Expecting 'framework_id' to be present";
  }
  const field = requiredField(call.type);
  if (field !== undefined && call[field] === undefined) {
    return `Expecting '${field}' to be present`;
  }
  return bodyError(call);
}

function subscribeError(call: SchedulerCall): string | undefined {
  if (call.subscribe === undefined) {
    return "Expecting 'subscribe' to be present";
  }
  const info = call.subscribe.framework_info;
  return (info.id?.value ?? '') === (call.framework_id?.value ?? '')
    ? undefined
    : "'framework_id' differs from 'subscribe.framework_info.id'";
}

/** Why a principal, if there is one, must not subscribe as the framework; in Mesos's words, too. */
export function otherPrincipalError(
  { principal: own }: Pick<FrameworkInfo, 'principal'>,
  principal: string | undefined,
): string | undefined {
  return principal === undefined || own === undefined || principal === own
    ? undefined
    : `Authenticated principal '${principal}' does not match principal '${own}'` +
        ' set in `FrameworkInfo`';
}

function bodyError(call: SchedulerCall): string | undefined {
  if (call.type === SchedulerCall_Type.ACKNOWLEDGE) {
    return isUuid(call.acknowledge?.uuid) ? undefined : 'Not a valid UUID';
  }
  if (call.type === SchedulerCall_Type.ACKNOWLEDGE_OPERATION_STATUS) {
    if (!isUuid(call.acknowledge_operation_status?.uuid)) {
      return 'Not a valid UUID';
    }
    return call.acknowledge_operation_status?.agent_id === undefined
      ? "Expecting 'agent_id' to be present"
      : undefined;
  }
  if (
    call.type === SchedulerCall_Type.UPDATE_FRAMEWORK &&
    call.framework_id?.value !== call.update_framework?.framework_info.id?.value
  ) {
    return "'framework_id' differs from 'update_framework.framework_info.id'";
  }
  return undefined;
}

function requiredField(type: SchedulerCall_Type): keyof SchedulerCall | undefined {
  switch (type) {
    case SchedulerCall_Type.ACCEPT:
      return 'accept';
    case SchedulerCall_Type.DECLINE:
      return 'decline';
    case SchedulerCall_Type.ACCEPT_INVERSE_OFFERS:
      return 'accept_inverse_offers';
    case SchedulerCall_Type.DECLINE_INVERSE_OFFERS:
      return 'decline_inverse_offers';
    case SchedulerCall_Type.KILL:
      return 'kill';
    case SchedulerCall_Type.SHUTDOWN:
      return 'shutdown';
    case SchedulerCall_Type.ACKNOWLEDGE:
      return 'acknowledge';
    case SchedulerCall_Type.ACKNOWLEDGE_OPERATION_STATUS:
      return 'acknowledge_operation_status';
    case SchedulerCall_Type.RECONCILE:
      return 'reconcile';
    case SchedulerCall_Type.RECONCILE_OPERATIONS:
      return 'reconcile_operations';
    case SchedulerCall_Type.MESSAGE:
      return 'message';
    case SchedulerCall_Type.REQUEST:
      return 'request';
    case SchedulerCall_Type.UPDATE_FRAMEWORK:
      return 'update_framework';
    case SchedulerCall_Type.UNKNOWN:
    case SchedulerCall_Type.SUBSCRIBE:
    case SchedulerCall_Type.TEARDOWN:
    case SchedulerCall_Type.REVIVE:
    case SchedulerCall_Type.SUPPRESS:
      return undefined;
    default:
      return type satisfies never;
  }
}
