// RunTaskMessage and RunTaskGroupMessage: their checks, the executor, and the delivery of tasks to
// it.

import { formatDuration } from '../../model/duration.ts';
import {
  ContainerInfo_Type,
  ExecutorEvent_Type,
  type ExecutorInfo,
  ExecutorInfo_Type,
  type FrameworkInfo,
  type Resource,
  type ResourceVersionUUID,
  type RunTaskGroupMessage,
  type RunTaskMessage,
  type TaskInfo,
  TaskState,
  TaskStatus_Reason,
} from '../../model/generated/messages.ts';
import { idError, sameBytes } from '../../model/identifier.ts';
import type { ContainerId, TaskId } from '../../model/ids.ts';
import { containerId, executorId, frameworkId, taskId } from '../../model/ids.ts';
import { formatUuid } from '../../model/random.ts';
import { allocatedTo, toReservationLists } from '../../model/resource-format.ts';
import { executorLimits } from '../../model/resource-limits.ts';
import { resourcesError } from '../../model/resource-validation.ts';
import { userNameError, usersOfTask } from '../../model/user.ts';
import { mayDo } from '../authorization.ts';
import type { BuiltinExecutor } from '../checkpoint.ts';
import { addDeadline } from '../deadline-queue.ts';
import { commandExecutorInfo } from '../executors/command-executor.ts';
import { executorEnvironment } from '../executors/environment.ts';
import {
  abandonExecutor,
  createExecutor,
  type Executor,
  isCommandExecutor,
  resizeContainer,
  runOf,
  sendToExecutor,
  shutdownExecutor,
} from '../executors/executor.ts';
import { addFramework, type Framework, removeIfIdle } from '../executors/framework.ts';
import { sandboxPath } from '../executors/sandbox.ts';
import { sendExited } from '../executors/termination.ts';
import { emit, log, persist } from '../outbox.ts';
import type { AgentState } from '../state.ts';
import { dequeue, reportStatus, reportUnknownTask } from './status-update-source.ts';
import { dropStream } from './status-update-streams.ts';
import { agentStatus, createTask, droppedState, isPartitionAware } from './task.ts';

/** One task, or the tasks of a group, for one executor. */
interface Assignment {
  readonly framework: FrameworkInfo;
  readonly executor: ExecutorInfo;
  readonly tasks: readonly TaskInfo[];
  readonly kind: 'command' | 'task' | 'group';
  readonly resourceVersions: readonly ResourceVersionUUID[];
  /** Whether the master counts on this message to start the executor; absent from older masters. */
  readonly startsExecutor: boolean | undefined;
}

interface Refusal {
  readonly reason: TaskStatus_Reason;
  readonly message: string;
  /** Absent: the task never ran. */
  readonly state?: TaskState;
  /** True when the update must not name the executor that the task would have had. */
  readonly isAnonymous?: boolean;
}

export function runTask(agent: AgentState, body: RunTaskMessage): void {
  const role = onlyRole(body.framework);
  const task = allocatedTask(body.task, role);
  run(agent, {
    framework: body.framework,
    executor: task.executor ?? commandExecutorInfo(agent, body.framework, task),
    tasks: [task],
    kind: task.executor === undefined ? 'command' : 'task',
    resourceVersions: body.resource_version_uuids ?? [],
    startsExecutor: body.launch_executor,
  });
}

export function runTaskGroup(agent: AgentState, body: RunTaskGroupMessage): void {
  const role = onlyRole(body.framework);
  run(agent, {
    framework: body.framework,
    executor: { ...body.executor, resources: allocated(body.executor.resources, role) },
    tasks: (body.task_group.tasks ?? []).map((task) => allocatedTask(task, role)),
    kind: 'group',
    resourceVersions: body.resource_version_uuids ?? [],
    startsExecutor: body.launch_executor,
  });
}

/**
 * The role of a framework with one role only, whose resources need not say which role they are
 * allocated to.
 */
function onlyRole(framework: FrameworkInfo): string | undefined {
  const roles = framework.roles ?? [framework.role ?? '*'];
  return roles.length === 1 ? roles[0] : undefined;
}

function allocated(resources: readonly Resource[] | undefined, role: string | undefined) {
  return toReservationLists(resources).map((resource) =>
    role === undefined ? resource : allocatedTo(resource, role),
  );
}

function allocatedTask(task: TaskInfo, role: string | undefined): TaskInfo {
  const { executor } = task;
  return {
    ...task,
    resources: allocated(task.resources, role),
    ...(executor === undefined
      ? {}
      : { executor: { ...executor, resources: allocated(executor.resources, role) } }),
  };
}

function run(agent: AgentState, assignment: Assignment): void {
  const { tasks } = assignment;
  const isOurs = tasks.every((task) => task.agent_id.value === agent.id);
  const canRun = agent.phase === 'running' || agent.phase === 'disconnected';
  if (!isOurs || !canRun || tasks.length === 0) {
    log(agent, 'warn', `Ignoring tasks ${namesOf(tasks)}: not for this agent in this state`);
    return;
  }
  const invalid = invalidId(assignment);
  if (invalid !== undefined) {
    log(agent, 'error', `Ignoring tasks ${namesOf(tasks)}: ${invalid}`);
    return;
  }
  const id = frameworkId(assignment.framework.id?.value ?? '');
  if (tasks.map(({ task_id }) => agent.deniedTasks.take(`${id} ${task_id.value}`)).includes(true)) {
    log(agent, 'warn', `Not running ${namesOf(tasks)}: too late, they are reported as lost`);
    const state = droppedState(isPartitionAware(assignment.framework));
    for (const { task_id } of tasks) {
      reportUnknownTask(agent, id, { task: task_id.value, state });
    }
    return;
  }
  const framework = agent.frameworks.get(id) ?? addFramework(agent, assignment.framework);
  if (framework.state === 'terminating') {
    log(agent, 'warn', `Ignoring tasks ${namesOf(tasks)}: framework ${id} is shut down`);
    exitedIfAwaited(agent, assignment);
    return;
  }
  if (tasks.some((task) => framework.tasks.has(taskId(task.task_id.value)))) {
    log(agent, 'warn', `Ignoring tasks ${namesOf(tasks)}: they are already here`);
    return;
  }
  const existing = framework.executors.get(executorId(assignment.executor.executor_id.value));
  const holder = existing?.containerId ?? containerId(formatUuid(agent.random.uuid()));
  const refusal =
    refusalOfLimits(agent, tasks) ??
    refusalOfTasks(agent, assignment) ??
    refusalOfExecutor(assignment, existing) ??
    (takeResources(agent, assignment, holder, existing) ? undefined : UNKNOWN_RESOURCES);
  if (refusal !== undefined) {
    refuse(agent, framework, assignment, refusal, existing);
    return;
  }
  const executor = existing ?? addExecutor(agent, framework, assignment, holder);
  // The master may register the agent again by a message that does not list these tasks.
  agent.hasNews ||= agent.phase === 'disconnected';
  enqueue(agent, executor, assignment);
  if (existing === undefined) {
    startExecutor(agent, executor, tasks);
  } else {
    resizeContainer(agent, executor);
    deliverQueued(agent, executor);
  }
}

/**
 * Why an id may not become the name of a folder. The master has checked the ids, but the message
 * may not be the master's.
 */
function invalidId({ framework, executor, tasks }: Assignment): string | undefined {
  for (const [what, id] of [
    ['framework', framework.id],
    ...tasks.map(({ task_id }) => ['task', task_id] as const),
    ['executor', executor.executor_id],
  ] as const) {
    const error = idError(id?.value ?? '');
    if (error !== undefined) {
      return `invalid ${what} id: ${error}`;
    }
  }
  return undefined;
}

const namesOf = (tasks: readonly TaskInfo[]) => tasks.map((task) => task.task_id.value).join(', ');

/** Tells the master that an executor it counts was not started. */
function exitedIfAwaited(agent: AgentState, assignment: Assignment): void {
  if (assignment.startsExecutor === true && assignment.kind !== 'command') {
    const { framework, executor } = assignment;
    sendExited(agent, framework.id?.value ?? '', executor.executor_id.value, undefined);
  }
}

/**
 * Why task limits are refused: nothing on this agent would enforce them. The text and the odd
 * reason are Mesos's.
 */
function refusalOfLimits(agent: AgentState, tasks: readonly TaskInfo[]): Refusal | undefined {
  const { isolation } = agent.options;
  for (const [resource, name] of [
    ['cpus', 'CPU'],
    ['mem', 'Memory'],
  ] as const) {
    const isolator = resource === 'cpus' ? 'cgroups/cpu' : 'cgroups/mem';
    const isEnforced = isolation.includes(isolator) || isolation.includes('cgroups/all');
    const isLimited = ({ container, limits }: TaskInfo) =>
      container?.type !== ContainerInfo_Type.DOCKER && limits?.[resource] !== undefined;
    if (!isEnforced && tasks.some(isLimited)) {
      const reason = TaskStatus_Reason.REASON_GC_ERROR;
      const what = `${name} limits can only be set on tasks launched in Mesos containers`;
      const message = `${what} when the agent has loaded the '${isolator}' isolator`;
      return { reason, message, isAnonymous: true };
    }
  }
  return undefined;
}

function refusalOfTasks(agent: AgentState, assignment: Assignment): Refusal | undefined {
  const { framework, tasks } = assignment;
  const principal = framework.principal === undefined ? undefined : { value: framework.principal };
  const own = assignment.kind === 'command' ? undefined : assignment.executor;
  const usersOf = (task: TaskInfo) => usersOfTask(task, own, framework);
  const invalid = agent.options.switchUser ? tasks.flatMap(usersOf).find(userNameError) : undefined;
  if (invalid !== undefined) {
    return {
      state: TaskState.TASK_ERROR,
      reason:
        assignment.kind === 'group'
          ? TaskStatus_Reason.REASON_TASK_GROUP_INVALID
          : TaskStatus_Reason.REASON_TASK_INVALID,
      message: `Cannot run as the user of the task: ${userNameError(invalid)}`,
      isAnonymous: true,
    };
  }
  const call = assignment.kind === 'group' ? 'RunTaskGroupMessage' : 'RunTaskMessage';
  const asking = { principal, call, origin: agent.master };
  const forbidden = tasks.find((task) =>
    usersOf(task).some((value) => {
      return !mayDo(agent, asking, 'RUN_TASK', { value, taskId: task.task_id.value });
    }),
  );
  if (forbidden !== undefined) {
    return {
      state: TaskState.TASK_ERROR,
      reason:
        assignment.kind === 'group'
          ? TaskStatus_Reason.REASON_TASK_GROUP_UNAUTHORIZED
          : TaskStatus_Reason.REASON_TASK_UNAUTHORIZED,
      message: `Framework ${framework.id?.value} is not authorized to launch task ${forbidden.task_id.value}`,
      isAnonymous: true,
    };
  }
  if (agent.drain !== undefined) {
    return {
      reason: TaskStatus_Reason.REASON_AGENT_DRAINING,
      message: 'Task was received while agent was already draining',
    };
  }
  const version = assignment.resourceVersions.find(
    ({ resource_provider_id }) => resource_provider_id === undefined,
  );
  if (version !== undefined && !sameBytes(agent.resourceVersion.value, version.uuid.value)) {
    return {
      reason: TaskStatus_Reason.REASON_INVALID_OFFERS,
      message: 'Task assumes outdated resource state',
    };
  }
  return undefined;
}

function refusalOfExecutor(
  assignment: Assignment,
  existing: Executor | undefined,
): Refusal | undefined {
  if (assignment.kind === 'command') {
    return existing === undefined
      ? undefined
      : {
          reason: TaskStatus_Reason.REASON_TASK_INVALID,
          message: 'Cannot reuse an already existing executor for a command task',
        };
  }
  const reason = TaskStatus_Reason.REASON_EXECUTOR_TERMINATED;
  if (existing === undefined) {
    if (assignment.startsExecutor === false) {
      return { reason, message: 'No executor is expected to launch and there is none running' };
    }
    return undefined;
  }
  if (assignment.startsExecutor === true) {
    return { reason, message: 'Master wants to launch executor, but one already exists' };
  }
  if (existing.state === 'terminating' || existing.state === 'terminated') {
    return { reason, message: `Executor ${existing.state}`, isAnonymous: true };
  }
  return undefined;
}

const UNKNOWN_RESOURCES: Refusal = {
  reason: TaskStatus_Reason.REASON_RESOURCES_UNKNOWN,
  message: 'The resources being used by the task or task group are unknown to the agent',
};

/**
 * Books what the tasks, and a new custom executor, need. The allowance of command executors is not
 * booked, as in Mesos: the master does not charge for it either.
 */
function takeResources(
  agent: AgentState,
  assignment: Assignment,
  holder: ContainerId,
  existing: Executor | undefined,
): boolean {
  const needed = assignment.tasks.flatMap((task) => task.resources ?? []);
  if (existing === undefined && assignment.kind !== 'command') {
    needed.push(...(assignment.executor.resources ?? []));
  }
  return resourcesError(needed) === undefined && agent.ledger.take(holder, needed);
}

function refuse(
  agent: AgentState,
  framework: Framework,
  assignment: Assignment,
  refusal: Refusal,
  existing: Executor | undefined,
): void {
  log(agent, 'warn', `Not running ${namesOf(assignment.tasks)}: ${refusal.message}`);
  for (const task of assignment.tasks) {
    const status = agentStatus({
      taskId: taskId(task.task_id.value),
      state: refusal.state ?? droppedState(framework.partitionAware),
      reason: refusal.reason,
      message: refusal.message,
      executorId:
        refusal.isAnonymous === true
          ? undefined
          : executorId(assignment.executor.executor_id.value),
    });
    reportStatus(agent, framework, undefined, status);
  }
  if (existing === undefined || existing.state === 'terminated') {
    exitedIfAwaited(agent, assignment);
  } else if (assignment.startsExecutor === true && existing.state !== 'terminating') {
    // The master counts on a new executor, but the agent has one of that id. It is ended, after
    // which both agree.
    shutdownExecutor(agent, existing);
  }
  removeIfIdle(agent, framework);
}

function addExecutor(
  agent: AgentState,
  framework: Framework,
  assignment: Assignment,
  id: ContainerId,
): Executor {
  const { executor: info } = assignment;
  const user = info.command?.user ?? assignment.framework.user;
  const executor = createExecutor({
    framework,
    info:
      info.framework_id === undefined ? { ...info, framework_id: { value: framework.id } } : info,
    builtin: builtinOf(assignment),
    containerId: id,
    user: agent.options.switchUser ? user : undefined,
  });
  if (executor.checkpoint) {
    if (framework.executors.size === 0) {
      persist(agent, { type: 'framework', framework: framework.info });
    }
    const { builtin } = executor;
    persist(agent, { type: 'executor', ...runOf(executor), info: executor.info, builtin });
  }
  framework.executors.set(executor.executorId, executor);
  agent.containers.set(id, executor);
  return executor;
}

function builtinOf({ kind, executor }: Assignment): BuiltinExecutor | undefined {
  if (kind === 'command') {
    return 'command';
  }
  return executor.type === ExecutorInfo_Type.DEFAULT ? 'default' : undefined;
}

function enqueue(agent: AgentState, executor: Executor, assignment: Assignment): void {
  const ids: TaskId[] = [];
  for (const task of assignment.tasks) {
    const id = taskId(task.task_id.value);
    ids.push(id);
    dropStream(agent, executor.frameworkId, id);
    executor.queued.set(id, task);
    executor.framework.tasks.set(id, executor);
    if (executor.checkpoint) {
      persist(agent, { type: 'task', ...runOf(executor), info: task });
    }
  }
  if (assignment.kind === 'group') {
    executor.queuedGroups.add(ids);
  }
}

function startExecutor(agent: AgentState, executor: Executor, tasks: readonly TaskInfo[]): void {
  const { info, framework } = executor;
  const container = info.container ?? agent.options.defaultContainerInfo;
  emit(agent, {
    type: 'launchExecutor',
    framework: framework.info,
    executor: container === undefined ? info : { ...info, container },
    builtin: executor.builtin,
    containerId: executor.containerId,
    sandbox: sandboxPath(agent, executor),
    command: executor.builtin === undefined ? info.command : undefined,
    environment: executorEnvironment(agent, executor),
    user: executor.user,
    resources: agent.core.algebra.sum([
      info.resources ?? [],
      ...tasks.map((task) => task.resources ?? []),
    ]),
    limits: executorLimits(info.resources ?? [], tasks),
    task: isCommandExecutor(executor) ? tasks[0] : undefined,
  });
  addDeadline(agent, agent.registrations, executor.containerId);
}

/** Ends an executor that has not subscribed in time. */
export function registrationExpired(agent: AgentState, executor: Executor): void {
  abandonExecutor(agent, executor, {
    state: TaskState.TASK_FAILED,
    reason: TaskStatus_Reason.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
    message: `Executor did not register within ${formatDuration(agent.options.executorRegistrationTimeoutMs)}`,
  });
}

/** Sends a connected executor its queued tasks, task groups as a whole. */
export function deliverQueued(agent: AgentState, executor: Executor): void {
  if (executor.state !== 'running' || executor.stream === undefined) {
    return;
  }
  const grouped = new Map([...executor.queuedGroups].flatMap((ids) => ids.map((id) => [id, ids])));
  for (const [id, info] of [...executor.queued]) {
    const group = grouped.get(id);
    if (!executor.queued.has(id)) {
      continue;
    }
    if (group === undefined) {
      launch(agent, executor, id, info);
      const type = ExecutorEvent_Type.LAUNCH;
      sendToExecutor(agent, executor, { type, launch: { task: info } });
    } else {
      const tasks = group.flatMap((member) => executor.queued.get(member) ?? []);
      for (const task of tasks) {
        launch(agent, executor, taskId(task.task_id.value), task);
      }
      const type = ExecutorEvent_Type.LAUNCH_GROUP;
      sendToExecutor(agent, executor, { type, launch_group: { task_group: { tasks } } });
    }
  }
}

function launch(agent: AgentState, executor: Executor, id: TaskId, info: TaskInfo): void {
  log(agent, 'debug', `Sending task ${id} to executor ${executor.executorId}`);
  dequeue(executor, id);
  executor.launched.set(id, createTask(executor.frameworkId, info, TaskState.TASK_STAGING));
}
