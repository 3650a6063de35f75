// The views of one agent.
import type { Executor } from './executor.ts';
import { allocatedResources } from './executor.ts';
import { metricsView } from './metrics-view.ts';
import { operatorView, visibleContainers } from './operator-view.ts';
import { sandboxAliases, sandboxDirectory } from './sandbox.ts';
import type { AgentState } from './state.ts';
import { stateView, visibleFrameworks } from './state-view.ts';
import type { AgentViews, ContainerView, MessageJson, Viewer } from './views.ts';

export function createViews(agent: AgentState, message: MessageJson): AgentViews {
  const writing = { algebra: agent.core.algebra, message };
  return {
    get recovered() {
      return agent.phase !== 'recovering';
    },
    state: (viewer) => stateView(agent, writing, viewer),
    metrics: (nowMs) => metricsView(agent, nowMs),
    containers: (viewer) =>
      visibleContainers(agent, viewer).map((executor) => containerView(agent, executor)),
    files: (viewer) => files(agent, viewer),
    read: (call, viewer) => operatorView(agent, call, viewer),
  };
}

function containerView(agent: AgentState, executor: Executor): ContainerView {
  return {
    frameworkId: executor.frameworkId,
    executorId: executor.executorId,
    executorName: executor.info.name ?? '',
    source: executor.info.source ?? '',
    containerId: executor.containerId,
    processId: executor.processId,
    resources: allocatedResources(agent, executor),
  };
}

/** Sandboxes of all runs that are remembered, old ones first, so that `latest` is the newest one. */
function files(agent: AgentState, viewer: Viewer): Map<string, string> {
  const paths = new Map<string, string>();
  const frameworks = [...agent.completedFrameworks.values(), ...agent.frameworks.values()];
  for (const framework of visibleFrameworks(frameworks, viewer)) {
    for (const executor of [...framework.completed, ...framework.executors.values()]) {
      const object = { executor: executor.info, framework: framework.info };
      if (viewer.authorizer.authorize(viewer.principal, 'ACCESS_SANDBOX', object)) {
        for (const alias of sandboxAliases(agent, executor)) {
          paths.set(alias, sandboxDirectory(agent, executor));
        }
      }
    }
  }
  return paths;
}
