// Tasks, with their statuses, as unversioned endpoints show them.
import type { Labels, Task, TaskInfo, TaskStatus } from '../../model/generated/messages.ts';
import { allocationRole, holderRole } from '../../model/resource-format.ts';
import { type RoleSight, shownLimits, shownResources } from '../../model/role-sight.ts';
import { taskStateName } from '../../model/task-state.ts';
import { commandJson } from './commands.ts';
import { containerStatusJson } from './container-status.ts';
import { resourcesJson } from './resources.ts';
import type { Json, Writing } from './writing.ts';

/** A task as masters show it: limits come last, and a task without allocation role has no role. */
export const masterTaskJson = (writing: Writing, task: Task, sees: RoleSight): Json => ({
  ...beginningJson(writing, task, sees),
  ...roleJson(allocationRole(task.resources), sees),
  ...endJson(writing, task),
  ...limitsJson(task, sees),
});

/** A task as agents show it: limits are beside the resources, and no role is role `*`. */
export const agentTaskJson = (writing: Writing, task: Task, sees: RoleSight): Json => ({
  ...beginningJson(writing, task, sees),
  ...limitsJson(task, sees),
  ...roleJson(holderRole(task.resources), sees),
  ...endJson(writing, task),
});

const beginningJson = (writing: Writing, task: Task, sees: RoleSight): Json => ({
  id: task.task_id.value,
  name: task.name,
  framework_id: task.framework_id.value,
  executor_id: task.executor_id?.value ?? '',
  slave_id: task.agent_id.value,
  state: taskStateName(task.state),
  resources: resourcesJson(writing, shownResources(task.resources ?? [], sees)),
});

function endJson(writing: Writing, task: Task): Json {
  const { user, labels, discovery, container, health_check } = task;
  const { message } = writing;
  const json: Json = {
    statuses: (task.statuses ?? []).map((status) => statusJson(writing, status)),
  };
  if (user !== undefined) {
    json.user = user;
  }
  if (labels !== undefined) {
    json.labels = labelsJson(labels);
  }
  if (discovery !== undefined) {
    json.discovery = message('DiscoveryInfo', discovery);
  }
  if (container !== undefined) {
    json.container = message('ContainerInfo', container);
  }
  if (health_check !== undefined) {
    json.health_check = message('HealthCheck', health_check);
  }
  return json;
}

function limitsJson(task: Task, sees: RoleSight): Json {
  const entries = Object.entries(shownLimits(task, sees) ?? {});
  return entries.length === 0
    ? {}
    : { limits: Object.fromEntries(entries.map(([name, { value }]) => [name, value])) };
}

export const labelsJson = ({ labels }: Labels) => labels ?? [];

/** The role as a field, where there is one that may be seen. */
export const roleJson = (role: string | undefined, sees: RoleSight): { role?: string } =>
  role !== undefined && sees(role) ? { role } : {};

function statusJson({ message }: Writing, status: TaskStatus): Json {
  const { state, timestamp, labels, container_status, healthy } = status;
  const json: Json = { state: taskStateName(state), timestamp: timestamp ?? 0 };
  if (labels !== undefined) {
    json.labels = labelsJson(labels);
  }
  if (container_status !== undefined) {
    json.container_status = containerStatusJson(message, container_status);
  }
  if (healthy !== undefined) {
    json.healthy = healthy;
  }
  return json;
}

/** A task that waits for its executor. */
export function queuedTaskJson(writing: Writing, task: TaskInfo, sees: RoleSight): Json {
  const { command, executor, discovery } = task;
  const json: Json = {
    id: task.task_id.value,
    name: task.name,
    slave_id: task.agent_id.value,
    resources: resourcesJson(writing, shownResources(task.resources ?? [], sees)),
    ...roleJson(holderRole(task.resources), sees),
  };
  if (command !== undefined) {
    json.command = commandJson(writing, command);
  }
  if (executor !== undefined) {
    json.executor_id = executor.executor_id.value;
  }
  if (discovery !== undefined) {
    json.discovery = writing.message('DiscoveryInfo', discovery);
  }
  return json;
}
