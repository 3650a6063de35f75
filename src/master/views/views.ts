// All that can be read of a master, behind the interface that the servers know.
import type { MasterState } from '../state.ts';
import type { MasterViews } from '../views.ts';
import { agentPlace } from './agents.ts';
import { figuresView, metricsView } from './metrics.ts';
import { readCall } from './operator-reads.ts';
import { registryView } from './registry.ts';
import {
  maintenanceSchedule,
  maintenanceStatus,
  quotaStatus,
  rolesView,
  visibleWeights,
} from './roles.ts';
import { scrapeTargets } from './scrape-targets.ts';
import {
  agentsView,
  frameworksView,
  stateSummaryView,
  stateView,
  tasksView,
} from './state-endpoints.ts';

/** Views of a living state: each read sees it as it is then. */
export function masterViews(state: MasterState): MasterViews {
  const { jsonOf } = state.options;
  return {
    get leader() {
      return state.leader;
    },
    get recovered() {
      return state.recovered;
    },
    get awaitsAgents() {
      return state.allocator.paused;
    },
    state: (viewer) => stateView(state, viewer),
    stateSummary: (viewer) => stateSummaryView(state, viewer),
    slaves: (viewer, query) => agentsView(state, viewer, query),
    frameworks: (viewer, query) => frameworksView(state, viewer, query),
    tasks: (viewer, query) => tasksView(state, viewer, query),
    roles: (viewer) => rolesView(state, viewer),
    scrapeTargets: () => scrapeTargets(state),
    weights: (viewer) => visibleWeights(state, viewer),
    quota: (viewer) => jsonOf('QuotaStatus', quotaStatus(state, viewer)),
    maintenanceSchedule: (viewer) => jsonOf('Schedule', maintenanceSchedule(state, viewer)),
    maintenanceStatus: (viewer) => jsonOf('ClusterStatus', maintenanceStatus(state, viewer)),
    registry: (viewer) => registryView(state, viewer),
    metrics: (nowMs) => metricsView(state, nowMs),
    figures: (nowMs, sink) => figuresView(state, nowMs, sink),
    agentPlace: (id) => agentPlace(state, id),
    read: (call, viewer) => readCall(state, call, viewer),
  };
}
