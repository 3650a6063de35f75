// Pieces of the unversioned endpoints, in Mesos's first schema: plain values with the old names.

import { endpointContainerStatus } from '../../model/endpoint-status.ts';
import {
  type Attribute,
  type ExecutorInfo,
  ExecutorInfo_Type,
  type Labels,
  type Resource,
  type Task,
  type TaskStatus,
  Value_Type,
} from '../../model/generated/messages.ts';
import { rangesText } from '../../model/resource-label.ts';
import type { RoleSight } from '../../model/role-sight.ts';
import { taskStateName } from '../../model/task-state.ts';
import type { JsonOf } from '../options.ts';

export type Plain = Record<string, unknown>;

const milli = (value: number) => Math.round(value * 1000) / 1000;

/**
 * Amounts by name; the four usual ones are always there, revocable amounts have names of their own.
 */
export function plainResources(resources: readonly Resource[]): Plain {
  const amounts = new Map<string, number>([
    ['disk', 0],
    ['mem', 0],
    ['gpus', 0],
    ['cpus', 0],
  ]);
  const ranges = new Map<string, { begin: number; end: number }[]>();
  const items = new Map<string, Set<string>>();
  const shared = new Set<string>();
  for (const resource of resources) {
    if (resource.shared !== undefined) {
      // A shared volume counts once, however often it is used.
      const volume = `${resource.disk?.persistence?.id}/${resource.reservations?.at(-1)?.role}`;
      if (shared.has(volume)) {
        continue;
      }
      shared.add(volume);
    }
    const name = resource.name + (resource.revocable === undefined ? '' : '_revocable');
    switch (resource.type) {
      case Value_Type.SCALAR:
        amounts.set(name, (amounts.get(name) ?? 0) + (resource.scalar?.value ?? 0));
        break;
      case Value_Type.RANGES:
        ranges.set(name, [...(ranges.get(name) ?? []), ...(resource.ranges?.range ?? [])]);
        break;
      case Value_Type.SET:
        items.set(name, new Set([...(items.get(name) ?? []), ...(resource.set?.item ?? [])]));
        break;
      default:
        break;
    }
  }
  const plain: Plain = {};
  for (const [name, amount] of amounts) {
    plain[name] = milli(amount);
  }
  for (const [name, list] of ranges) {
    plain[name] = rangesText({
      name,
      type: Value_Type.RANGES,
      ranges: { range: coalesced(list) },
    });
  }
  for (const [name, set] of items) {
    plain[name] = `{${[...set].sort().join(', ')}}`;
  }
  return plain;
}

function coalesced(ranges: { begin: number; end: number }[]) {
  const merged: { begin: number; end: number }[] = [];
  for (const { begin, end } of [...ranges].sort((a, b) => a.begin - b.begin)) {
    const last = merged.at(-1);
    if (last !== undefined && begin <= last.end + 1) {
      last.end = Math.max(last.end, end);
    } else {
      merged.push({ begin, end });
    }
  }
  return merged;
}

export function plainAttributes(attributes: readonly Attribute[] | undefined): Plain {
  const plain: Plain = {};
  for (const { name, type, scalar, ranges, set, text } of attributes ?? []) {
    switch (type) {
      case Value_Type.SCALAR:
        plain[name] = scalar?.value;
        break;
      case Value_Type.RANGES:
        plain[name] = rangesText({ name, type, ranges: ranges ?? {} });
        break;
      case Value_Type.SET:
        plain[name] = `{${(set?.item ?? []).join(', ')}}`;
        break;
      default:
        plain[name] = text?.value;
    }
  }
  return plain;
}

export const plainLabels = (labels: Labels | undefined) => labels?.labels ?? [];

/** Set fields only, so that an absent one is no key. */
function set(plain: Plain, key: string, value: unknown): void {
  if (value !== undefined) {
    plain[key] = value;
  }
}

/** The role that it runs for, where that may be seen. */
function shownRole({ resources }: Task | ExecutorInfo, sees: RoleSight): string | undefined {
  const role = resources?.[0]?.allocation_info?.role;
  return role !== undefined && sees(role) ? role : undefined;
}

export function plainTask(task: Task, jsonOf: JsonOf, sees: RoleSight): Plain {
  const plain: Plain = {
    id: task.task_id.value,
    name: task.name,
    framework_id: task.framework_id.value,
    executor_id: task.executor_id?.value ?? '',
    slave_id: task.agent_id.value,
    state: taskStateName(task.state),
    resources: plainResources(task.resources ?? []),
  };
  set(plain, 'role', shownRole(task, sees));
  plain.statuses = (task.statuses ?? []).map((status) => plainStatus(status, jsonOf));
  set(plain, 'user', task.user);
  if (task.labels !== undefined) {
    plain.labels = plainLabels(task.labels);
  }
  if (task.discovery !== undefined) {
    plain.discovery = jsonOf('DiscoveryInfo', task.discovery);
  }
  if (task.container !== undefined) {
    plain.container = jsonOf('ContainerInfo', task.container);
  }
  if (task.health_check !== undefined) {
    plain.health_check = jsonOf('HealthCheck', task.health_check);
  }
  if (task.limits !== undefined && Object.keys(task.limits).length > 0) {
    plain.limits = Object.fromEntries(
      Object.entries(task.limits).map(([name, { value }]) => [name, value]),
    );
  }
  return plain;
}

function plainStatus(status: TaskStatus, jsonOf: JsonOf): Plain {
  const plain: Plain = { state: taskStateName(status.state), timestamp: status.timestamp ?? 0 };
  if (status.labels !== undefined) {
    plain.labels = plainLabels(status.labels);
  }
  if (status.container_status !== undefined) {
    const { container_id, network_infos, cgroup_info } = status.container_status;
    plain.container_status = endpointContainerStatus(
      jsonOf('ContainerStatus', {
        ...(container_id !== undefined && { container_id }),
        ...(network_infos !== undefined && { network_infos }),
        ...(cgroup_info !== undefined && { cgroup_info }),
      }),
    );
  }
  set(plain, 'healthy', status.healthy);
  return plain;
}

export function plainExecutor(executor: ExecutorInfo, jsonOf: JsonOf, sees: RoleSight): Plain {
  const plain: Plain = {
    executor_id: executor.executor_id.value,
    name: executor.name ?? '',
    framework_id: executor.framework_id?.value ?? '',
    command: plainCommand(executor, jsonOf),
    resources: plainResources(executor.resources ?? []),
  };
  set(plain, 'role', shownRole(executor, sees));
  if (executor.labels !== undefined) {
    plain.labels = plainLabels(executor.labels);
  }
  if (executor.type !== undefined) {
    plain.type = executor.type === ExecutorInfo_Type.DEFAULT ? 'DEFAULT' : 'CUSTOM';
  }
  return plain;
}

function plainCommand(executor: ExecutorInfo, jsonOf: JsonOf): Plain {
  const { command } = executor;
  const plain: Plain = {};
  set(plain, 'shell', command?.shell);
  set(plain, 'value', command?.value);
  plain.argv = command?.arguments ?? [];
  if (command?.environment !== undefined) {
    plain.environment = jsonOf('Environment', command.environment);
  }
  plain.uris = (command?.uris ?? []).map(({ value, executable }) => ({
    value,
    executable: executable ?? false,
  }));
  return plain;
}
