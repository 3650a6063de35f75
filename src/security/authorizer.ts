// The question that every request has to pass: may this principal do this action to this object?
import type {
  CommandInfo,
  ExecutorInfo,
  FrameworkInfo,
  Resource,
  Task,
  TaskInfo,
} from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import type { Principal } from './principal.ts';

/** Mesos's authorization actions, by the names of its authorizer interface. */
export type Action =
  | 'REGISTER_FRAMEWORK'
  | 'RUN_TASK'
  | 'TEARDOWN_FRAMEWORK'
  | 'RESERVE_RESOURCES'
  | 'UNRESERVE_RESOURCES'
  | 'CREATE_VOLUME'
  | 'DESTROY_VOLUME'
  | 'RESIZE_VOLUME'
  | 'CREATE_BLOCK_DISK'
  | 'DESTROY_BLOCK_DISK'
  | 'CREATE_MOUNT_DISK'
  | 'DESTROY_MOUNT_DISK'
  | 'DESTROY_RAW_DISK'
  | 'GET_ENDPOINT_WITH_PATH'
  | 'VIEW_ROLE'
  | 'UPDATE_WEIGHT'
  | 'GET_QUOTA'
  | 'UPDATE_QUOTA'
  | 'VIEW_FRAMEWORK'
  | 'VIEW_TASK'
  | 'VIEW_EXECUTOR'
  | 'ACCESS_SANDBOX'
  | 'ACCESS_MESOS_LOG'
  | 'VIEW_FLAGS'
  | 'SET_LOG_LEVEL'
  | 'VIEW_CONTAINER'
  | 'REGISTER_AGENT'
  | 'MARK_AGENT_GONE'
  | 'DRAIN_AGENT'
  | 'DEACTIVATE_AGENT'
  | 'REACTIVATE_AGENT'
  | 'UPDATE_MAINTENANCE_SCHEDULE'
  | 'GET_MAINTENANCE_SCHEDULE'
  | 'START_MAINTENANCE'
  | 'STOP_MAINTENANCE'
  | 'GET_MAINTENANCE_STATUS'
  | 'LAUNCH_NESTED_CONTAINER'
  | 'KILL_NESTED_CONTAINER'
  | 'WAIT_NESTED_CONTAINER'
  | 'REMOVE_NESTED_CONTAINER'
  | 'LAUNCH_NESTED_CONTAINER_SESSION'
  | 'ATTACH_CONTAINER_INPUT'
  | 'ATTACH_CONTAINER_OUTPUT'
  | 'LAUNCH_STANDALONE_CONTAINER'
  | 'KILL_STANDALONE_CONTAINER'
  | 'WAIT_STANDALONE_CONTAINER'
  | 'REMOVE_STANDALONE_CONTAINER'
  | 'VIEW_STANDALONE_CONTAINER'
  | 'PRUNE_IMAGES'
  | 'VIEW_RESOURCE_PROVIDER'
  | 'MODIFY_RESOURCE_PROVIDER_CONFIG'
  | 'MARK_RESOURCE_PROVIDER_GONE';

/**
 * The object of an action. What `value` is (role, user, path or principal) depends on the action's
 * ACL.
 */
export interface AuthorizationObject {
  readonly value?: string | undefined;
  readonly framework?: FrameworkInfo | undefined;
  readonly task?: Task | TaskInfo | undefined;
  /** What is to run as the user `value`; for the audit log, no list looks at it. */
  readonly taskId?: string | undefined;
  /** The agent that it is about, or the name of its machine; for the audit log, too. */
  readonly agent?: string | undefined;
  readonly executor?: ExecutorInfo | undefined;
  /** The command that is to run in a container of the executor. */
  readonly command?: CommandInfo | undefined;
  readonly resource?: Resource | undefined;
  /** The container that is to be made, or that something is to be done to. */
  readonly containerId?: ContainerId | undefined;
}

export interface Authorizer {
  authorize(
    principal: Principal | undefined,
    action: Action,
    object?: AuthorizationObject,
  ): boolean;
  /** The rule by which `authorize` decides, as the audit log names it. */
  explain?(principal: Principal | undefined, action: Action, object?: AuthorizationObject): string;
}

/** Allows everything: used while no ACLs are configured, as in Mesos. */
export const permissive: Authorizer = { authorize: () => true, explain: () => 'no --acls' };
