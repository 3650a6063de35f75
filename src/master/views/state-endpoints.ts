// The unversioned read endpoints, with the keys and names of Mesos's first schema.
import { enumNames } from '../../model/enum-names.ts';
import {
  type AgentInfo,
  AgentInfo_Capability_Type,
  FrameworkInfo_Capability_Type,
  MasterInfo_Capability_Type,
  type Resource,
  type Task,
  TaskState,
} from '../../model/generated/messages.ts';
import { type FrameworkId, frameworkId } from '../../model/ids.ts';
import { reservedByRole, unreservedOf } from '../../model/resource-format.ts';
import { type RoleSight, shownConstraints, shownResources } from '../../model/role-sight.ts';
import { buildJson } from '../../wire/v0-json/build.ts';
import { executorJson } from '../../wire/v0-json/executors.ts';
import { attributesJson, fullResourcesJson, resourcesJson } from '../../wire/v0-json/resources.ts';
import { labelsJson, masterTaskJson } from '../../wire/v0-json/tasks.ts';
import type { Json, Writing } from '../../wire/v0-json/writing.ts';
import { usedOn } from '../agents/usage.ts';
import type { Agent, Framework, MasterState } from '../state.ts';
import type { Query, Viewer } from '../views.ts';
import { offeredLists, offeredOfAgent, usedByAgent, usedLists } from './usage.ts';
import {
  roleSightOf,
  seesExecutor,
  seesResource,
  seesRole,
  seesTask,
  visibleCompleted,
  visibleFrameworks,
} from './visibility.ts';

/** A list whose elements are made as they are written: long answers leave room for other work. */
export const lazily = <T>(all: () => Iterable<T>, make: (one: T) => Json): Iterable<Json> => ({
  *[Symbol.iterator]() {
    for (const one of all()) {
      yield make(one);
    }
  },
});

const writingOf = ({ algebra, options }: MasterState): Writing => ({
  algebra,
  message: options.jsonOf,
});

const secondsOf = (ms: number) => ms / 1000;

const namesOf = (values: Readonly<Record<string, number>>) => {
  const nameOf = enumNames(values);
  return (type: number | undefined) => nameOf(type) ?? 'UNKNOWN';
};
const agentCapabilityName = namesOf(AgentInfo_Capability_Type);
const frameworkCapabilityName = namesOf(FrameworkInfo_Capability_Type);
const masterCapabilityName = namesOf(MasterInfo_Capability_Type);

export function stateView(state: MasterState, viewer: Viewer): Json {
  const { options, info } = state;
  const json: Json = {
    ...buildJson(options.version),
    start_time: secondsOf(options.startTimeMs),
    elected_time: secondsOf(state.electedMs),
    id: options.id,
    pid: info.pid,
    hostname: options.hostname,
    capabilities: (info.capabilities ?? []).map(({ type }) => masterCapabilityName(type)),
    activated_slaves: countAgents(state, ({ active }) => active),
    deactivated_slaves: countAgents(state, ({ active }) => !active),
    unreachable_slaves: state.agents.unreachable.size,
  };
  if (options.domain !== undefined) {
    json.domain = options.domain;
  }
  json.leader = info.pid;
  json.leader_info = {
    id: info.id,
    pid: info.pid,
    port: info.port,
    hostname: info.hostname,
    ...(options.domain !== undefined && { domain: options.domain }),
  };
  if (viewer.authorizer.authorize(viewer.principal, 'VIEW_FLAGS')) {
    if (options.cluster !== undefined) {
      json.cluster = options.cluster;
    }
    if (options.logDir !== undefined) {
      json.log_dir = options.logDir;
    }
    if (options.externalLogFile !== undefined) {
      json.external_log_file = options.externalLogFile;
    }
    json.flags = options.flags;
  }
  json.slaves = lazily(
    () => state.agents.registered.values(),
    (it) => agentJson(state, it, viewer),
  );
  json.recovered_slaves = lazily(() => state.agents.recovered.values(), agentInfoJson);
  json.frameworks = lazily(
    () => visibleFrameworks(state, viewer),
    (it) => full(state, it, viewer),
  );
  json.completed_frameworks = lazily(
    () => visibleCompleted(state, viewer),
    (it) => full(state, it, viewer),
  );
  json.orphan_tasks = [];
  json.unregistered_frameworks = [];
  return json;
}

function countAgents(state: MasterState, picks: (agent: Agent) => boolean): number {
  let count = 0;
  for (const agent of state.agents.registered.values()) {
    count += picks(agent) ? 1 : 0;
  }
  return count;
}

function agentInfoJson(info: AgentInfo): Json {
  const json: Json = {
    id: info.id?.value ?? '',
    hostname: info.hostname,
    port: info.port ?? 5051,
    attributes: attributesJson(info.attributes),
  };
  if (info.domain !== undefined) {
    json.domain = info.domain;
  }
  return json;
}

/** Sums are of what the viewer may see, so that they tell nothing of the rest. */
function agentJson(state: MasterState, agent: Agent, viewer: Viewer): Json {
  const writing = writingOf(state);
  const sees = roleSightOf(viewer);
  const sum = (resources: readonly Resource[]) =>
    resourcesJson(writing, shownResources(resources, sees));
  const json = agentInfoJson(agent.info);
  json.pid = agent.pid;
  json.registered_time = secondsOf(agent.registeredMs);
  if (agent.reregisteredMs !== undefined) {
    json.reregistered_time = secondsOf(agent.reregisteredMs);
  }
  json.resources = sum(agent.total);
  json.used_resources = sum(usedOn(agent));
  json.offered_resources = sum([...agent.offers].flatMap(({ resources }) => resources));
  const reserved: Json = {};
  for (const [role, resources] of reservedByRole(agent.total)) {
    if (sees(role)) {
      reserved[role] = sum(resources);
    }
  }
  json.reserved_resources = reserved;
  json.unreserved_resources = sum(unreservedOf(agent.total));
  json.active = agent.active;
  json.deactivated = state.agents.deactivated.has(agent.id);
  json.version = agent.version;
  json.capabilities = agent.capabilities.types.map(agentCapabilityName);
  const drain = state.agents.draining.get(agent.id);
  if (drain !== undefined) {
    json.drain_info = state.options.jsonOf('DrainInfo', drain);
    if (agent.estimatedDrainStartMs !== undefined) {
      json.estimated_drain_start_time_seconds = secondsOf(agent.estimatedDrainStartMs);
    }
  }
  return json;
}

export function agentsView(state: MasterState, viewer: Viewer, query: Query): Json {
  const wanted = query.slave_id;
  const accepts = (id: string) => wanted === undefined || wanted === id;
  return {
    slaves: lazily(
      () => state.agents.registered.values().filter(({ id }) => accepts(id)),
      (agent) => ({
        ...agentJson(state, agent, viewer),
        ...fullResources(state, agent, viewer),
      }),
    ),
    recovered_slaves: lazily(
      () => state.agents.recovered.values().filter((it) => accepts(it.id?.value ?? '')),
      agentInfoJson,
    ),
  };
}

/** The same amounts as messages. */
function fullResources(state: MasterState, agent: Agent, viewer: Viewer): Json {
  const writing = writingOf(state);
  const visible = (resources: readonly Resource[]) =>
    fullResourcesJson(
      writing,
      resources.filter((it) => seesResource(viewer, it)),
    );
  const reserved: Json = {};
  for (const [role, resources] of reservedByRole(agent.total)) {
    if (seesRole(viewer, role)) {
      reserved[role] = visible(resources);
    }
  }
  return {
    reserved_resources_full: reserved,
    unreserved_resources_full: visible(unreservedOf(agent.total)),
    used_resources_full: visible(usedByAgent(state, agent).sum),
    offered_resources_full: visible(offeredOfAgent(state, agent).sum),
  };
}

function summary(writing: Writing, framework: Framework, sees: RoleSight): Json {
  const sum = (lists: (readonly Resource[])[]) =>
    resourcesJson(writing, shownResources(lists.flat(), sees));
  return {
    id: framework.id,
    name: framework.info.name,
    used_resources: sum(usedLists(framework)),
    offered_resources: sum(offeredLists(framework)),
    capabilities: framework.capabilities.types.map(frameworkCapabilityName),
    hostname: framework.info.hostname ?? '',
    webui_url: framework.info.webui_url ?? '',
    active: framework.active,
    connected: framework.state === 'connected',
    recovered: framework.state === 'recovered',
  };
}

function full(state: MasterState, framework: Framework, viewer: Viewer): Json {
  const { info } = framework;
  const writing = writingOf(state);
  const sees = roleSightOf(viewer);
  const json = summary(writing, framework, sees);
  json.user = info.user;
  json.failover_timeout = info.failover_timeout ?? 0;
  json.checkpoint = info.checkpoint ?? false;
  json.registered_time = secondsOf(framework.registeredMs);
  json.unregistered_time = secondsOf(framework.unregisteredMs);
  if (info.principal !== undefined) {
    json.principal = info.principal;
  }
  const held = [...usedLists(framework), ...offeredLists(framework)].flat();
  json.resources = resourcesJson(writing, shownResources(held, sees));
  if (framework.registeredMs !== framework.reregisteredMs) {
    json.reregistered_time = secondsOf(framework.reregisteredMs);
  }
  if (framework.capabilities.multiRole) {
    json.roles = (info.roles ?? []).filter(sees);
  } else if (sees(info.role ?? '*')) {
    json.role = info.role ?? '*';
  }
  const tasks = (all: Iterable<Task>) =>
    [...all]
      .filter((it) => seesTask(viewer, framework, it))
      .map((it) => masterTaskJson(writing, it, sees));
  json.tasks = tasks(framework.tasks.values());
  json.unreachable_tasks = tasks(framework.unreachableTasks.values());
  json.completed_tasks = tasks(framework.completedTasks);
  const offers = [...framework.offers].filter(({ role }) => sees(role));
  json.offers = offers.map((offer) => ({
    id: offer.id,
    framework_id: framework.id,
    allocation_info: { role: offer.role },
    slave_id: offer.agent.id,
    resources: resourcesJson(writing, shownResources(offer.resources, sees)),
  }));
  json.executors = [...framework.executors].flatMap(([agent, infos]) =>
    [...infos.values()]
      .filter((it) => seesExecutor(viewer, framework, it))
      .map((it) => ({ ...executorJson(writing, it, sees), slave_id: agent })),
  );
  if (info.labels !== undefined) {
    json.labels = labelsJson(info.labels);
  }
  json.offer_constraints = writing.message(
    'OfferConstraints',
    shownConstraints(framework.constraints ?? {}, sees),
  );
  return json;
}

export function frameworksView(state: MasterState, viewer: Viewer, query: Query): Json {
  const wanted = query.framework_id;
  const accepts = ({ id }: Framework) => wanted === undefined || wanted === id;
  const all = (frameworks: () => Framework[]) =>
    lazily(
      () => frameworks().filter(accepts),
      (it) => full(state, it, viewer),
    );
  return {
    frameworks: all(() => visibleFrameworks(state, viewer)),
    completed_frameworks: all(() => visibleCompleted(state, viewer)),
    unregistered_frameworks: [],
  };
}

const SUMMARIZED = [
  'TASK_STAGING',
  'TASK_STARTING',
  'TASK_RUNNING',
  'TASK_KILLING',
  'TASK_FINISHED',
  'TASK_KILLED',
  'TASK_FAILED',
  'TASK_LOST',
  'TASK_ERROR',
  'TASK_UNREACHABLE',
] as const;

/** What a framework runs, and has run as far as the histories reach. */
function* everyTask({ tasks, unreachableTasks, completedTasks }: Framework): Iterable<Task> {
  yield* tasks.values();
  yield* unreachableTasks.values();
  yield* completedTasks;
}

type Counts = Map<string, Map<TaskState, number>>;

const countsOf = (counts: Counts, key: string): Json => {
  const json: Json = {};
  for (const name of SUMMARIZED) {
    json[name] = counts.get(key)?.get(TaskState[name]) ?? 0;
  }
  return json;
};

/**
 * Task counts by framework and by agent, and which frameworks have tasks on which agents, from one
 * pass over all tasks that the viewer may see.
 */
function overview(frameworks: readonly Framework[], viewer: Viewer) {
  const ofFramework: Counts = new Map();
  const ofAgent: Counts = new Map();
  const agentsOf = new Map<FrameworkId, Set<string>>();
  const frameworksOf = new Map<string, Set<FrameworkId>>();
  const bump = (counts: Counts, key: string, task: Task) => {
    const own = counts.get(key) ?? new Map<TaskState, number>();
    counts.set(key, own.set(task.state, (own.get(task.state) ?? 0) + 1));
  };
  const link = <K, V>(map: Map<K, Set<V>>, key: K, value: V) => {
    map.set(key, (map.get(key) ?? new Set()).add(value));
  };
  for (const framework of frameworks) {
    for (const task of everyTask(framework)) {
      if (!seesTask(viewer, framework, task)) {
        continue;
      }
      bump(ofFramework, framework.id, task);
      bump(ofAgent, task.agent_id.value, task);
      link(agentsOf, framework.id, task.agent_id.value);
      link(frameworksOf, task.agent_id.value, framework.id);
    }
  }
  return { ofFramework, ofAgent, agentsOf, frameworksOf };
}

export function stateSummaryView(state: MasterState, viewer: Viewer): Json {
  const writing = writingOf(state);
  const sees = roleSightOf(viewer);
  const frameworks = visibleFrameworks(state, viewer);
  const seen = overview(frameworks, viewer);
  const json: Json = { hostname: state.options.hostname };
  if (state.options.cluster !== undefined) {
    json.cluster = state.options.cluster;
  }
  json.slaves = lazily(
    () => state.agents.registered.values(),
    (agent) => ({
      ...agentJson(state, agent, viewer),
      ...countsOf(seen.ofAgent, agent.id),
      framework_ids: [...(seen.frameworksOf.get(agent.id) ?? [])],
    }),
  );
  json.frameworks = lazily(
    () => frameworks,
    (framework) => ({
      ...summary(writing, framework, sees),
      ...countsOf(seen.ofFramework, framework.id),
      slave_ids: [...(seen.agentsOf.get(framework.id) ?? [])],
    }),
  );
  return json;
}

const DEFAULT_TASK_LIMIT = 100;

/** A whole number from a query; anything else counts as absent. */
function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

export function tasksView(state: MasterState, viewer: Viewer, query: Query): Json {
  // Negative numbers are read as Mesos reads them into unsigned ones: very large.
  const unsigned = (value: number | undefined, fallback: number) =>
    value === undefined ? fallback : value < 0 ? Number.MAX_SAFE_INTEGER : value;
  const limit = unsigned(numberOf(query.limit), DEFAULT_TASK_LIMIT);
  const offset = unsigned(numberOf(query.offset), 0);
  const wantedTask = query.task_id;
  const wantedFramework = query.framework_id;
  const writing = writingOf(state);
  const sees = roleSightOf(viewer);
  const found: { readonly task: Task; readonly since: number }[] = [];
  for (const framework of [
    ...visibleFrameworks(state, viewer),
    ...visibleCompleted(state, viewer),
  ]) {
    if (wantedFramework !== undefined && frameworkId(wantedFramework) !== framework.id) {
      continue;
    }
    for (const task of everyTask(framework)) {
      const isWanted = wantedTask === undefined || wantedTask === task.task_id.value;
      if (isWanted && seesTask(viewer, framework, task)) {
        found.push({ task, since: task.statuses?.[0]?.timestamp ?? 0 });
      }
    }
  }
  const sign = query.order === 'asc' ? 1 : -1;
  found.sort((left, right) => sign * (left.since - right.since));
  const page = offset >= found.length ? [] : found.slice(offset, offset + limit);
  return {
    tasks: lazily(
      () => page,
      ({ task }) => masterTaskJson(writing, task, sees),
    ),
  };
}
