// LAUNCH and LAUNCH_GROUP: tasks that pass their checks go to the agent, and are remembered first.
import { sameMessage } from '../../model/equality.ts';
import {
  type ExecutorInfo,
  type Offer_Operation,
  type Resource,
  type ResourceVersionUUID,
  type TaskInfo,
  TaskState,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { toRoleAndReservation } from '../../model/resource-format.ts';
import { resourcesText } from '../../model/resource-label.ts';
import { taskOf } from '../../model/task-record.ts';
import { schedulerPid } from '../frameworks/connection.ts';
import { countOperation } from '../metrics/counters.ts';
import { sendToAgent } from '../outbox.ts';
import type { Agent, MasterState } from '../state.ts';
import { refuseTask } from '../tasks/status-updates.ts';
import { addExecutor, addTask } from '../tasks/tasks.ts';
import { runningExecutor } from '../validation/executor.ts';
import { taskSize } from '../validation/size.ts';
import { availableIn, type Ground, taskError, taskGroupError } from '../validation/task.ts';
import { reasonOf, taskUsersError } from '../validation/users.ts';
import type { Acceptance } from './accept.ts';
import { hasNames } from './resource-names.ts';

const groundOf = (acceptance: Acceptance): Ground => ({
  framework: acceptance.framework,
  agent: acceptance.agent,
  available: availableIn(
    acceptance.pool,
    (resources) => hasNames(acceptance.agent.total, resources),
    (resource) => isShared(acceptance, resource),
    () => leftText(acceptance),
  ),
  recordSizes: new Map(),
});

/** An error for each of many tasks must not say at length how fragmented an agent's ports are. */
const MAX_TEXT_LENGTH = 4_096;

function leftText(acceptance: Acceptance): string {
  acceptance.leftText ??= clipped(resourcesText(acceptance.pool.resources()));
  return acceptance.leftText;
}

const clipped = (text: string) =>
  text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;

const isShared = (acceptance: Acceptance, resource: Resource) =>
  acceptance.shared.some((it) => sameMessage(it, resource));

export function launchTasks(
  state: MasterState,
  acceptance: Acceptance,
  operation: Offer_Operation,
): void {
  const ground = groundOf(acceptance);
  for (const task of operation.launch?.task_infos ?? []) {
    launchTask(state, acceptance, ground, task, operation);
  }
}

function launchTask(
  state: MasterState,
  acceptance: Acceptance,
  ground: Ground,
  task: TaskInfo,
  operation: Offer_Operation,
): void {
  const { framework, agent } = acceptance;
  const denied = taskUsersError(state, framework, task, task.executor);
  if (denied !== undefined) {
    refuseTask(state, framework, task, {
      state: TaskState.TASK_ERROR,
      reason: reasonOf(denied, false),
      message: denied.message,
    });
    return;
  }
  const error = taskError(task, ground);
  if (error !== undefined) {
    refuseTask(state, framework, task, {
      state: TaskState.TASK_ERROR,
      reason: TaskStatus_Reason.REASON_TASK_INVALID,
      message: error,
    });
    return;
  }
  let launchesExecutor = true;
  if (task.executor !== undefined) {
    launchesExecutor = launchExecutor(acceptance, task.executor);
  }
  addLaunched(state, ground, task);
  use(acceptance, task.resources ?? []);
  countOperation(framework.counters, operation);
  const refined = agent.capabilities.reservationRefinement;
  sendToAgent(state, agent, 'RunTaskMessage', {
    framework: framework.info,
    task: refined ? task : legacyTask(task),
    resource_version_uuids: resourceVersions(agent),
    pid: schedulerPid(framework),
    launch_executor: launchesExecutor,
  });
}

function addLaunched(state: MasterState, ground: Ground, info: TaskInfo): void {
  const { framework, agent, recordSizes } = ground;
  const task = taskOf(info, framework.idMessage, TaskState.TASK_STAGING);
  const own = recordSizes.get(info);
  addTask(state, agent, framework, task, own === undefined ? taskSize(task) : { own, statuses: 0 });
}

/** Starts an executor on the agent unless it runs there; true if it is to be started. */
function launchExecutor(acceptance: Acceptance, executor: ExecutorInfo): boolean {
  const { framework, agent } = acceptance;
  if (runningExecutor(executor, framework, agent) !== undefined) {
    return false;
  }
  addExecutor(agent, framework, executor);
  use(acceptance, executor.resources ?? []);
  return true;
}

/** Takes resources that are known to fit out of what is left. */
function use(acceptance: Acceptance, resources: readonly Resource[]): void {
  if (resources.length === 0) {
    return;
  }
  const own = resources.filter(({ shared }) => shared === undefined);
  acceptance.pool.take(own.length === resources.length ? resources : own);
  for (const resource of resources) {
    if (resource.shared !== undefined && !acceptance.pool.take([resource])) {
      acceptance.extraShared.push(resource);
    }
  }
  acceptance.leftText = undefined;
  acceptance.launched.push([...resources]);
}

export function launchGroup(
  state: MasterState,
  acceptance: Acceptance,
  operation: Offer_Operation,
): void {
  const { framework, agent } = acceptance;
  if (operation.launch_group === undefined) {
    return;
  }
  const { executor, task_group } = operation.launch_group;
  const tasks = task_group.tasks ?? [];
  const refuse = (reason: TaskStatus_Reason, message: string) => {
    for (const task of tasks) {
      refuseTask(state, framework, task, { state: TaskState.TASK_ERROR, reason, message });
    }
  };
  for (const task of tasks) {
    const denied = taskUsersError(state, framework, task, executor);
    if (denied !== undefined) {
      refuse(reasonOf(denied, true), denied.message);
      return;
    }
  }
  const ground = groundOf(acceptance);
  const error = taskGroupError(task_group, executor, ground);
  if (error !== undefined) {
    refuse(TaskStatus_Reason.REASON_TASK_GROUP_INVALID, error);
    return;
  }
  const launchesExecutor = launchExecutor(acceptance, executor);
  for (const task of tasks) {
    addLaunched(state, ground, task);
    use(acceptance, task.resources ?? []);
  }
  countOperation(framework.counters, operation);
  const refined = agent.capabilities.reservationRefinement;
  sendToAgent(state, agent, 'RunTaskGroupMessage', {
    framework: framework.info,
    executor: refined ? executor : legacyExecutor(executor),
    task_group: refined ? task_group : { ...task_group, tasks: tasks.map(legacyTask) },
    resource_version_uuids: resourceVersions(agent),
    launch_executor: launchesExecutor,
  });
}

function resourceVersions(agent: Agent): ResourceVersionUUID[] {
  const versions: ResourceVersionUUID[] = [];
  if (agent.resourceVersion !== undefined) {
    versions.push({ uuid: agent.resourceVersion });
  }
  for (const { info, resourceVersion } of agent.resourceProviders?.values() ?? []) {
    if (info.id !== undefined) {
      versions.push({ resource_provider_id: info.id, uuid: resourceVersion });
    }
  }
  return versions;
}

/** The task in the form of agents that do not know reservation refinement. */
function legacyTask(task: TaskInfo): TaskInfo {
  const legacy: TaskInfo = { ...task, resources: (task.resources ?? []).map(toRoleAndReservation) };
  if (task.executor !== undefined) {
    legacy.executor = legacyExecutor(task.executor);
  }
  return legacy;
}

function legacyExecutor(executor: ExecutorInfo): ExecutorInfo {
  return executor.resources === undefined
    ? executor
    : { ...executor, resources: executor.resources.map(toRoleAndReservation) };
}
