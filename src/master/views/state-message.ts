// The four parts of GET_STATE, each also a read call of its own.
import type {
  AgentInfo,
  MasterResponse_GetAgents,
  MasterResponse_GetAgents_Agent,
  MasterResponse_GetExecutors,
  MasterResponse_GetFrameworks,
  MasterResponse_GetOperations,
  MasterResponse_GetState,
  MasterResponse_GetTasks,
  Task,
} from '../../model/generated/messages.ts';
import { shownExecutor, shownTask } from '../../model/role-sight.ts';
import type { Framework, MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';
import { agentView, type HeldOptions, recoveredAgentView } from './agents.ts';
import { frameworkDetails, frameworkView } from './frameworks.ts';
import { type Named, namedBy } from './named.ts';
import {
  roleSightOf,
  seesExecutor,
  seesOperation,
  seesTask,
  visibleCompleted,
  visibleFrameworks,
} from './visibility.ts';

export function getState(state: MasterState, viewer: Viewer): MasterResponse_GetState {
  return {
    get_tasks: getTasks(state, viewer),
    get_executors: getExecutors(state, viewer),
    get_frameworks: getFrameworks(state, viewer),
    get_agents: getAgents(state, viewer),
  };
}

export function getTasks(
  state: MasterState,
  viewer: Viewer,
  named: Named = namedBy(),
): MasterResponse_GetTasks {
  const tasks: Task[] = [];
  const unreachable: Task[] = [];
  const completed: Task[] = [];
  const sees = roleSightOf(viewer);
  const add = (list: Task[], framework: Framework, all: Iterable<Task>) => {
    for (const task of all) {
      if (named.isFull(list)) {
        return;
      }
      if (named.means(task.task_id.value, task.name) && seesTask(viewer, framework, task)) {
        list.push(shownTask(task, sees));
      }
    }
  };
  for (const framework of visibleFrameworks(state, viewer)) {
    add(tasks, framework, framework.tasks.values());
  }
  for (const framework of [
    ...visibleFrameworks(state, viewer),
    ...visibleCompleted(state, viewer),
  ]) {
    add(unreachable, framework, framework.unreachableTasks.values());
    add(completed, framework, framework.completedTasks);
  }
  return { tasks, unreachable_tasks: unreachable, completed_tasks: completed };
}

export function getExecutors(state: MasterState, viewer: Viewer): MasterResponse_GetExecutors {
  const executors = [];
  const sees = roleSightOf(viewer);
  for (const framework of visibleFrameworks(state, viewer)) {
    for (const [agent, infos] of framework.executors) {
      for (const info of infos.values()) {
        if (seesExecutor(viewer, framework, info)) {
          const executor_info = shownExecutor(info, sees);
          executors.push({ executor_info, agent_id: { value: agent } });
        }
      }
    }
  }
  return { executors };
}

export function getFrameworks(
  state: MasterState,
  viewer: Viewer,
  { withHeld }: HeldOptions = { withHeld: true },
): MasterResponse_GetFrameworks {
  const sees = roleSightOf(viewer);
  const details = (framework: Framework) =>
    withHeld ? frameworkDetails(state, framework, viewer, sees) : frameworkView(framework, sees);
  return {
    frameworks: visibleFrameworks(state, viewer).map(details),
    completed_frameworks: visibleCompleted(state, viewer).map(details),
  };
}

export function getAgents(
  state: MasterState,
  viewer: Viewer,
  { named = namedBy(), withHeld }: HeldOptions & { readonly named?: Named } = { withHeld: true },
): MasterResponse_GetAgents {
  const agents: MasterResponse_GetAgents_Agent[] = [];
  const recovered_agents: AgentInfo[] = [];
  for (const agent of state.agents.registered.values()) {
    if (!named.isFull(agents) && named.means(agent.id, agent.info.hostname)) {
      agents.push(agentView(state, agent, viewer, { withHeld }));
    }
  }
  for (const [id, info] of state.agents.recovered) {
    if (!named.isFull(recovered_agents) && named.means(id, info.hostname)) {
      recovered_agents.push(recoveredAgentView(info, viewer));
    }
  }
  return { agents, recovered_agents };
}

export function getOperations(state: MasterState, viewer: Viewer): MasterResponse_GetOperations {
  const operations = [];
  for (const agent of state.agents.registered.values()) {
    for (const operation of agent.operations?.values() ?? []) {
      if (seesOperation(state, viewer, operation)) {
        operations.push(operation);
      }
    }
  }
  return operations.length === 0 ? {} : { operations };
}
