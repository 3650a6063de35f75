// What frameworks and agents say they can do, as flags that are cheap to ask.
import {
  type AgentInfo_Capability,
  AgentInfo_Capability_Type,
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
} from './generated/messages.ts';

export interface FrameworkCapabilities {
  readonly types: readonly FrameworkInfo_Capability_Type[];
  readonly multiRole: boolean;
  readonly partitionAware: boolean;
  readonly reservationRefinement: boolean;
  readonly sharedResources: boolean;
}

export function frameworkCapabilities(info: FrameworkInfo): FrameworkCapabilities {
  const types: FrameworkInfo_Capability_Type[] = [];
  for (const { type } of info.capabilities ?? []) {
    if (type !== undefined) {
      types.push(type);
    }
  }
  const has = (type: FrameworkInfo_Capability_Type) => types.includes(type);
  return {
    types,
    multiRole: has(FrameworkInfo_Capability_Type.MULTI_ROLE),
    partitionAware: has(FrameworkInfo_Capability_Type.PARTITION_AWARE),
    reservationRefinement: has(FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT),
    sharedResources: has(FrameworkInfo_Capability_Type.SHARED_RESOURCES),
  };
}

/** The roles of a framework: `roles` where it is MULTI_ROLE, else its one `role`. */
export function frameworkRoles(info: FrameworkInfo): string[] {
  const multiRole = (info.capabilities ?? []).some(
    ({ type }) => type === FrameworkInfo_Capability_Type.MULTI_ROLE,
  );
  return multiRole ? [...(info.roles ?? [])] : [info.role ?? '*'];
}

export interface AgentCapabilities {
  readonly types: readonly AgentInfo_Capability_Type[];
  readonly multiRole: boolean;
  readonly hierarchicalRole: boolean;
  readonly reservationRefinement: boolean;
  readonly resourceProvider: boolean;
  readonly resizeVolume: boolean;
  readonly operationFeedback: boolean;
  readonly draining: boolean;
  readonly taskResourceLimits: boolean;
}

// Agents of one release have the same capabilities, so one object serves them all: 50,000 agents
// share a few objects.
const known = new Map<string, AgentCapabilities>();
const MAX_KNOWN = 1000;

export function agentCapabilities(
  list: readonly AgentInfo_Capability[] | undefined,
): AgentCapabilities {
  const types: AgentInfo_Capability_Type[] = [];
  for (const { type } of list ?? []) {
    if (type !== undefined) {
      types.push(type);
    }
  }
  const key = types.join(',');
  const found = known.get(key);
  if (found !== undefined) {
    return found;
  }
  const has = (type: AgentInfo_Capability_Type) => types.includes(type);
  const capabilities: AgentCapabilities = Object.freeze({
    types: Object.freeze(types),
    multiRole: has(AgentInfo_Capability_Type.MULTI_ROLE),
    hierarchicalRole: has(AgentInfo_Capability_Type.HIERARCHICAL_ROLE),
    reservationRefinement: has(AgentInfo_Capability_Type.RESERVATION_REFINEMENT),
    resourceProvider: has(AgentInfo_Capability_Type.RESOURCE_PROVIDER),
    resizeVolume: has(AgentInfo_Capability_Type.RESIZE_VOLUME),
    operationFeedback: has(AgentInfo_Capability_Type.AGENT_OPERATION_FEEDBACK),
    draining: has(AgentInfo_Capability_Type.AGENT_DRAINING),
    taskResourceLimits: has(AgentInfo_Capability_Type.TASK_RESOURCE_LIMITS),
  });
  if (known.size < MAX_KNOWN) {
    known.set(key, capabilities);
  }
  return capabilities;
}
