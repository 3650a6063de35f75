// The read calls of the operator API, answered from the agent's state and filtered by what the
// viewer may see.
import { containerIdMessage } from '../../model/container-id.ts';
import {
  type AgentCall,
  AgentCall_Type,
  type AgentResponse,
  type AgentResponse_GetContainers_Container,
  type AgentResponse_GetExecutors,
  type AgentResponse_GetFrameworks,
  type AgentResponse_GetTasks,
  AgentResponse_Type,
  type Task,
  type TaskInfo,
  TaskState,
} from '../../model/generated/messages.ts';
import { frameworkId } from '../../model/ids.ts';
import { resourcesOfKnown } from '../../model/operation-resources.ts';
import { namedRoles } from '../../model/resource-format.ts';
import {
  shownExecutor,
  shownFramework,
  shownResources,
  shownTask,
} from '../../model/role-sight.ts';
import type { Executor } from '../executors/executor.ts';
import type { Framework } from '../executors/framework.ts';
import { unfinishedOperations } from '../operations/operations.ts';
import type { AgentState } from '../state.ts';
import { createTask } from '../tasks/task.ts';
import type { Viewer } from '../views.ts';
import { roleSightOf, visibleExecutors, visibleFrameworks } from './state-endpoint.ts';

export function operatorView(
  agent: AgentState,
  call: AgentCall,
  viewer: Viewer,
): AgentResponse | undefined {
  switch (call.type) {
    case AgentCall_Type.GET_HEALTH:
      return { type: AgentResponse_Type.GET_HEALTH, get_health: { healthy: true } };
    case AgentCall_Type.GET_VERSION:
      return {
        type: AgentResponse_Type.GET_VERSION,
        get_version: { version_info: agent.options.build },
      };
    case AgentCall_Type.GET_FLAGS:
      return { type: AgentResponse_Type.GET_FLAGS, get_flags: flags(agent, viewer) };
    case AgentCall_Type.GET_AGENT:
      return { type: AgentResponse_Type.GET_AGENT, get_agent: self(agent, viewer) };
    case AgentCall_Type.GET_TASKS:
      return { type: AgentResponse_Type.GET_TASKS, get_tasks: tasks(agent, viewer) };
    case AgentCall_Type.GET_EXECUTORS:
      return { type: AgentResponse_Type.GET_EXECUTORS, get_executors: executors(agent, viewer) };
    case AgentCall_Type.GET_FRAMEWORKS:
      return {
        type: AgentResponse_Type.GET_FRAMEWORKS,
        get_frameworks: frameworks(agent, viewer),
      };
    case AgentCall_Type.GET_STATE:
      return {
        type: AgentResponse_Type.GET_STATE,
        get_state: {
          get_tasks: tasks(agent, viewer),
          get_executors: executors(agent, viewer),
          get_frameworks: frameworks(agent, viewer),
        },
      };
    case AgentCall_Type.GET_CONTAINERS:
      return {
        type: AgentResponse_Type.GET_CONTAINERS,
        get_containers: { containers: containers(agent, viewer) },
      };
    case AgentCall_Type.GET_OPERATIONS: {
      const operations = unfinishedOperations(agent).filter(
        (operation) =>
          resourcesOfKnown(operation).flatMap(namedRoles).every(roleSightOf(viewer)) &&
          seesFrameworkId(agent, operation.framework_id?.value, viewer),
      );
      return {
        type: AgentResponse_Type.GET_OPERATIONS,
        get_operations: operations.length === 0 ? {} : { operations },
      };
    }
    case AgentCall_Type.GET_RESOURCE_PROVIDERS:
      return { type: AgentResponse_Type.GET_RESOURCE_PROVIDERS, get_resource_providers: {} };
    default:
      // Calls that are not answered from the state: metrics, logging, files, and calls that change
      // something.
      return undefined;
  }
}

/**
 * True when the viewer may see the framework. A framework that the agent does not know has nothing
 * to hide.
 */
function seesFrameworkId(agent: AgentState, id: string | undefined, viewer: Viewer): boolean {
  const key = frameworkId(id ?? '');
  const framework = agent.frameworks.get(key) ?? agent.completedFrameworks.get(key);
  return framework === undefined || visibleFrameworks([framework], viewer).length > 0;
}

function flags(agent: AgentState, { authorizer, principal }: Viewer) {
  return authorizer.authorize(principal, 'VIEW_FLAGS')
    ? { flags: Object.entries(agent.options.flags).map(([name, value]) => ({ name, value })) }
    : {};
}

function self({ info, drain }: AgentState, viewer: Viewer) {
  const resources = [...shownResources(info.resources ?? [], roleSightOf(viewer))];
  const agent_info = info.resources === undefined ? info : { ...info, resources };
  return drain === undefined
    ? { agent_info }
    : {
        agent_info,
        drain_config: drain.config,
        estimated_drain_start_time: {
          // In whole seconds, as Mesos has it.
          nanoseconds: BigInt(Math.floor(drain.startedMs / 1000)) * 1_000_000_000n,
        },
      };
}

/** Frameworks that the viewer may see: those with something on the agent, and completed ones. */
const visible = (agent: AgentState, viewer: Viewer) => ({
  active: visibleFrameworks(agent.frameworks.values(), viewer),
  completed: visibleFrameworks(agent.completedFrameworks.values(), viewer),
});

function frameworks(agent: AgentState, viewer: Viewer): AgentResponse_GetFrameworks {
  const { active, completed } = visible(agent, viewer);
  const sees = roleSightOf(viewer);
  const write = ({ info }: Framework) => ({ framework_info: shownFramework(info, sees) });
  return { frameworks: active.map(write), completed_frameworks: completed.map(write) };
}

function executors(agent: AgentState, viewer: Viewer): AgentResponse_GetExecutors {
  const { active, completed } = visible(agent, viewer);
  const sees = roleSightOf(viewer);
  const write = ({ info }: Executor) => ({ executor_info: shownExecutor(info, sees) });
  return {
    executors: active
      .flatMap((framework) => visibleExecutors(framework.executors.values(), framework, viewer))
      .map(write),
    completed_executors: [...active, ...completed]
      .flatMap((framework) => visibleExecutors(framework.completed, framework, viewer))
      .map(write),
  };
}

function tasks(agent: AgentState, viewer: Viewer): AgentResponse_GetTasks {
  const { active, completed } = visible(agent, viewer);
  const queued: Task[] = [];
  const launched: Task[] = [];
  const terminated: Task[] = [];
  const done: Task[] = [];
  for (const framework of [...active, ...completed]) {
    const { info } = framework;
    const maySee = (task: Task | TaskInfo) =>
      viewer.authorizer.authorize(viewer.principal, 'VIEW_TASK', { task, framework: info });
    const all = [...framework.executors.values(), ...framework.completed];
    for (const executor of visibleExecutors(all, framework, viewer)) {
      const waiting = [...executor.queued.values()].filter(maySee);
      queued.push(...waiting.map((task) => staging(framework, task)));
      launched.push(...[...executor.launched.values()].filter(maySee));
      terminated.push(...[...executor.terminated.values()].filter(maySee));
      done.push(...executor.completed.filter(maySee));
    }
  }
  const sees = roleSightOf(viewer);
  const shown = (all: readonly Task[]) => all.map((task) => shownTask(task, sees));
  return {
    pending_tasks: [],
    queued_tasks: shown(queued),
    launched_tasks: shown(launched),
    terminated_tasks: shown(terminated),
    completed_tasks: shown(done),
  };
}

const staging = (framework: Framework, task: TaskInfo) =>
  createTask(framework.id, task, TaskState.TASK_STAGING);

function containers(agent: AgentState, viewer: Viewer): AgentResponse_GetContainers_Container[] {
  return visibleContainers(agent, viewer).map((executor) => ({
    framework_id: { value: executor.frameworkId },
    executor_id: { value: executor.executorId },
    executor_name: executor.info.name ?? '',
    container_id: containerIdMessage(executor.containerId),
    container_status: {
      container_id: containerIdMessage(executor.containerId),
      ...executor.containerStatus,
      ...(executor.processId === undefined ? {} : { executor_pid: executor.processId }),
    },
  }));
}

export function visibleContainers(
  agent: AgentState,
  { authorizer, principal }: Viewer,
): Executor[] {
  return [...agent.containers.values()].filter(({ info: executor, framework }) =>
    authorizer.authorize(principal, 'VIEW_CONTAINER', { executor, framework: framework.info }),
  );
}
