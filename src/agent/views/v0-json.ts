// Resources, attributes and tasks as the unversioned endpoints show them: with Mesos's keys, which
// say "slave", and with sums instead of lists. The versioned API shows messages as they are.
import type { ResourceAlgebra } from '../../core/interface.ts';
import { endpointContainerStatus } from '../../model/endpoint-status.ts';
import {
  type Attribute,
  type CommandInfo,
  type Resource,
  type Task,
  type TaskInfo,
  type TaskStatus,
  Value_Type,
} from '../../model/generated/messages.ts';
import { isReserved, reservationRole, toEndpointFormat } from '../../model/resource-format.ts';
import type { RoleSight } from '../../model/role-sight.ts';
import { taskStateName } from '../../model/task-state.ts';
import type { MessageJson } from '../views.ts';

export type Json = Record<string, unknown>;

/** What turning state into JSON needs: the sums, and the form of messages. */
export interface Writing {
  readonly algebra: ResourceAlgebra;
  readonly message: MessageJson;
}

/**
 * Sums by name over all reservations; the scalars that everybody expects are there even when zero.
 */
export function resourcesJson({ algebra }: Writing, resources: readonly Resource[]): Json {
  const json: Json = { disk: 0, mem: 0, gpus: 0, cpus: 0 };
  for (const resource of bare(algebra, resources)) {
    const key = resource.revocable === undefined ? resource.name : `${resource.name}_revocable`;
    json[key] = valueJson(resource);
  }
  return json;
}

/** Without what tells the parts of one resource apart, so that they add up. */
function bare(algebra: ResourceAlgebra, resources: readonly Resource[]): readonly Resource[] {
  const parts = resources.map(({ name, type, scalar, ranges, set, revocable }) => ({
    name,
    type,
    ...(scalar === undefined ? {} : { scalar }),
    ...(ranges === undefined ? {} : { ranges }),
    ...(set === undefined ? {} : { set }),
    ...(revocable === undefined ? {} : { revocable }),
  }));
  const names = new Set(parts.map(({ name, revocable }) => `${name} ${revocable === undefined}`));
  return names.size === parts.length ? parts : algebra.sum(parts.map((resource) => [resource]));
}

function valueJson(value: Omit<Attribute, 'name'>): unknown {
  switch (value.type) {
    case Value_Type.SCALAR:
      return value.scalar?.value ?? 0;
    case Value_Type.RANGES: {
      const ranges = value.ranges?.range ?? [];
      return `[${ranges.map(({ begin, end }) => `${begin}-${end}`).join(', ')}]`;
    }
    case Value_Type.SET:
      return `{${(value.set?.item ?? []).join(', ')}}`;
    case Value_Type.TEXT:
      return value.text?.value ?? '';
    default:
      return value.type satisfies never;
  }
}

export const attributesJson = (attributes: readonly Attribute[]): Json =>
  Object.fromEntries(attributes.map((attribute) => [attribute.name, valueJson(attribute)]));

/** By role, for the roles that may be seen. */
export function reservationsBy(
  resources: readonly Resource[],
  maySee: (role: string) => boolean,
): [string, Resource[]][] {
  const byRole = Map.groupBy(resources.filter(isReserved), reservationRole);
  return [...byRole].filter(([role]) => maySee(role));
}

export const unreserved = (resources: readonly Resource[]) =>
  resources.filter((resource) => !isReserved(resource));

export const fullJson = (writing: Writing, resources: readonly Resource[]) =>
  resources.map((resource) => writing.message('Resource', toEndpointFormat(resource)));

export const allocationRole = (resources: readonly Resource[] | undefined) =>
  resources?.[0]?.allocation_info?.role ?? '*';

/** The role as a field, where it may be seen. */
export const roleIn = (role: string, sees: RoleSight): { role?: string } =>
  sees(role) ? { role } : {};

export function taskJson(writing: Writing, task: Task, sees: RoleSight): Json {
  const { message } = writing;
  const json: Json = {
    id: task.task_id.value,
    name: task.name,
    framework_id: task.framework_id.value,
    executor_id: task.executor_id?.value ?? '',
    slave_id: task.agent_id.value,
    state: taskStateName(task.state),
    resources: resourcesJson(writing, task.resources ?? []),
  };
  const limits = Object.entries(task.limits ?? {});
  if (limits.length > 0) {
    json.limits = Object.fromEntries(limits.map(([name, { value }]) => [name, value]));
  }
  Object.assign(json, roleIn(allocationRole(task.resources), sees));
  json.statuses = (task.statuses ?? []).map((status) => statusJson(writing, status));
  if (task.user !== undefined) {
    json.user = task.user;
  }
  if (task.labels !== undefined) {
    json.labels = task.labels.labels ?? [];
  }
  if (task.discovery !== undefined) {
    json.discovery = message('DiscoveryInfo', task.discovery);
  }
  if (task.container !== undefined) {
    json.container = message('ContainerInfo', task.container);
  }
  if (task.health_check !== undefined) {
    json.health_check = message('HealthCheck', task.health_check);
  }
  return json;
}

function statusJson({ message }: Writing, status: TaskStatus): Json {
  const json: Json = { state: taskStateName(status.state), timestamp: status.timestamp ?? 0 };
  if (status.labels !== undefined) {
    json.labels = status.labels.labels ?? [];
  }
  if (status.container_status !== undefined) {
    const { executor_pid: _, ...shown } = status.container_status;
    json.container_status = endpointContainerStatus(message('ContainerStatus', shown));
  }
  if (status.healthy !== undefined) {
    json.healthy = status.healthy;
  }
  return json;
}

export function queuedTaskJson(writing: Writing, task: TaskInfo, sees: RoleSight): Json {
  const json: Json = {
    id: task.task_id.value,
    name: task.name,
    slave_id: task.agent_id.value,
    resources: resourcesJson(writing, task.resources ?? []),
    ...roleIn(allocationRole(task.resources), sees),
  };
  if (task.command !== undefined) {
    json.command = commandJson(writing, task.command);
  }
  if (task.executor !== undefined) {
    json.executor_id = task.executor.executor_id.value;
  }
  if (task.discovery !== undefined) {
    json.discovery = writing.message('DiscoveryInfo', task.discovery);
  }
  return json;
}

function commandJson({ message }: Writing, command: CommandInfo): Json {
  const json: Json = {};
  if (command.shell !== undefined) {
    json.shell = command.shell;
  }
  if (command.value !== undefined) {
    json.value = command.value;
  }
  json.argv = command.arguments ?? [];
  if (command.environment !== undefined) {
    json.environment = message('Environment', command.environment);
  }
  json.uris = (command.uris ?? []).map(({ value, executable }) => ({
    value,
    executable: executable ?? false,
  }));
  return json;
}
