// The fields that a call of the master's operator API must have, checked before its meaning.
import { type MasterCall, MasterCall_Type } from './generated/messages.ts';
import { resourcesError } from './resource-validation.ts';

/**
 * Why a call is refused with 400, in Mesos's words (`Failed to validate master::Call: ` and this).
 */
export function operatorCallError(call: MasterCall): string | undefined {
  if (call.type === undefined) {
    return "Expecting 'type' to be present";
  }
  const field = REQUIRED_FIELDS.get(call.type);
  if (field !== undefined && call[field] === undefined) {
    return `Expecting '${field}' to be present`;
  }
  switch (call.type) {
    case MasterCall_Type.RESERVE_RESOURCES:
      return resourcesError(call.reserve_resources?.resources);
    case MasterCall_Type.UNRESERVE_RESOURCES:
      return resourcesError(call.unreserve_resources?.resources);
    case MasterCall_Type.GROW_VOLUME:
      return call.grow_volume?.agent_id === undefined ? MISSING_AGENT : undefined;
    case MasterCall_Type.SHRINK_VOLUME:
      return call.shrink_volume?.agent_id === undefined ? MISSING_AGENT : undefined;
    default:
      return undefined;
  }
}

const MISSING_AGENT =
  "Expecting 'agent_id' to be present; only agent default resources are supported right now";

const REQUIRED_FIELDS = new Map<MasterCall_Type, keyof MasterCall>([
  [MasterCall_Type.GET_METRICS, 'get_metrics'],
  [MasterCall_Type.SET_LOGGING_LEVEL, 'set_logging_level'],
  [MasterCall_Type.LIST_FILES, 'list_files'],
  [MasterCall_Type.READ_FILE, 'read_file'],
  [MasterCall_Type.UPDATE_WEIGHTS, 'update_weights'],
  [MasterCall_Type.RESERVE_RESOURCES, 'reserve_resources'],
  [MasterCall_Type.UNRESERVE_RESOURCES, 'unreserve_resources'],
  [MasterCall_Type.CREATE_VOLUMES, 'create_volumes'],
  [MasterCall_Type.DESTROY_VOLUMES, 'destroy_volumes'],
  [MasterCall_Type.GROW_VOLUME, 'grow_volume'],
  [MasterCall_Type.SHRINK_VOLUME, 'shrink_volume'],
  [MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE, 'update_maintenance_schedule'],
  [MasterCall_Type.START_MAINTENANCE, 'start_maintenance'],
  [MasterCall_Type.STOP_MAINTENANCE, 'stop_maintenance'],
  [MasterCall_Type.DRAIN_AGENT, 'drain_agent'],
  [MasterCall_Type.DEACTIVATE_AGENT, 'deactivate_agent'],
  [MasterCall_Type.REACTIVATE_AGENT, 'reactivate_agent'],
  [MasterCall_Type.UPDATE_QUOTA, 'update_quota'],
  [MasterCall_Type.SET_QUOTA, 'set_quota'],
  [MasterCall_Type.REMOVE_QUOTA, 'remove_quota'],
  [MasterCall_Type.TEARDOWN, 'teardown'],
  [MasterCall_Type.MARK_AGENT_GONE, 'mark_agent_gone'],
  [MasterCall_Type.EXPLAIN, 'explain'],
  [MasterCall_Type.PLAN, 'plan'],
  [MasterCall_Type.KILL_TASK, 'kill_task'],
]);
