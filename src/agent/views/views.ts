// The views of one agent.
import type { MessageJson } from '../../wire/v0-json/writing.ts';
import type { Executor } from '../executors/executor.ts';
import { allocatedResources } from '../executors/executor.ts';
import { SandboxFiles } from '../executors/sandbox-files.ts';
import type { AgentState } from '../state.ts';
import type { AgentViews, ContainerView } from '../views.ts';
import { metricsView } from './metrics.ts';
import { operatorView, visibleContainers } from './operator-reads.ts';
import { stateView } from './state-endpoint.ts';

export function createViews(agent: AgentState, message: MessageJson): AgentViews {
  const writing = { algebra: agent.core.algebra, message };
  return {
    get recovered() {
      return agent.phase !== 'recovering';
    },
    get registered() {
      return agent.phase === 'running';
    },
    get knownBy() {
      const id = agent.info.id?.value;
      const { challenge } = agent.authentication;
      const key = challenge === undefined ? undefined : agent.options.prover?.sharedKey(challenge);
      return id === undefined || key === undefined ? undefined : { id, key };
    },
    state: (viewer) => stateView(agent, writing, viewer),
    metrics: (nowMs) => metricsView(agent, nowMs),
    containers: (viewer) =>
      visibleContainers(agent, viewer).map((executor) => containerView(agent, executor)),
    files: (viewer) => new SandboxFiles(agent, viewer),
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
    containerStatus: executor.containerStatus,
    resources: allocatedResources(agent, executor),
  };
}
