// The fields that a call of the scheduler API must have, checked before its meaning.
import { type SchedulerCall, SchedulerCall_Type } from './generated/messages.ts';
import { isUuid } from './identifier.ts';

/**
 * Why a call is refused with 400, in Mesos's words (the response's text is `Failed to validate
 * scheduler::Call: ` and this). `principal` is the value of the authenticated principal, if there
 * is one.
 */
export function schedulerCallError(
  call: SchedulerCall,
  principal: string | undefined,
): string | undefined {
  if (call.type === undefined) {
    return "Expecting 'type' to be present";
  }
  if (call.type === SchedulerCall_Type.SUBSCRIBE) {
    return subscribeError(call, principal);
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

function subscribeError(call: SchedulerCall, principal: string | undefined): string | undefined {
  if (call.subscribe === undefined) {
    return "Expecting 'subscribe' to be present";
  }
  const info = call.subscribe.framework_info;
  if ((info.id?.value ?? '') !== (call.framework_id?.value ?? '')) {
    return "'framework_id' differs from 'subscribe.framework_info.id'";
  }
  if (principal !== undefined && info.principal !== undefined && principal !== info.principal) {
    return (
      `Authenticated principal '${principal}' does not match principal '${info.principal}'` +
      ' set in `FrameworkInfo`'
    );
  }
  return undefined;
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
