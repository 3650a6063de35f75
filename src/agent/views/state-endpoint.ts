// /state of an agent, with Mesos's keys, filtered by what the viewer may see.
import { frameworkCapabilities } from '../../model/capabilities.ts';
import { enumNames } from '../../model/enum-names.ts';
import {
  AgentInfo_Capability_Type,
  ExecutorInfo_Type,
  type Resource,
} from '../../model/generated/messages.ts';
import { holderRole, reservedByRole, unreservedOf } from '../../model/resource-format.ts';
import { type RoleSight, rememberedSight, shownResources } from '../../model/role-sight.ts';
import { buildJson } from '../../wire/v0-json/build.ts';
import { attributesJson, fullResourcesJson, resourcesJson } from '../../wire/v0-json/resources.ts';
import { agentTaskJson, labelsJson, queuedTaskJson, roleJson } from '../../wire/v0-json/tasks.ts';
import type { Json, Writing } from '../../wire/v0-json/writing.ts';
import { allocatedResources, type Executor } from '../executors/executor.ts';
import type { Framework } from '../executors/framework.ts';
import { sandboxDirectory } from '../executors/sandbox.ts';
import type { AgentState } from '../state.ts';
import type { Viewer } from '../views.ts';

export function stateView(agent: AgentState, writing: Writing, viewer: Viewer): Json {
  const { options } = agent;
  const { authorizer, principal } = viewer;
  const json: Json = {
    ...buildJson(options.build),
    start_time: agent.startedMs / 1000,
    id: agent.id ?? '',
    pid: options.pid,
    hostname: options.hostname,
    capabilities: agent.capabilities.map(capabilityName),
    ...(options.domain === undefined
      ? {}
      : { domain: writing.message('DomainInfo', options.domain) }),
    ...drainJson(agent, writing),
    ...resourceFields(agent, writing, viewer),
    resource_providers: [],
    attributes: attributesJson(options.attributes),
  };
  if (agent.masterHostname !== undefined) {
    json.master_hostname = agent.masterHostname;
  }
  if (authorizer.authorize(principal, 'VIEW_FLAGS')) {
    const { log_dir, external_log_file } = options.flags;
    if (log_dir !== undefined) {
      json.log_dir = log_dir;
    }
    if (external_log_file !== undefined) {
      json.external_log_file = external_log_file;
    }
    json.flags = options.flags;
  }
  const write = (framework: Framework) => frameworkJson(agent, writing, viewer, framework);
  json.frameworks = visibleFrameworks(agent.frameworks.values(), viewer).map(write);
  json.completed_frameworks = visibleFrameworks(agent.completedFrameworks.values(), viewer).map(
    write,
  );
  return json;
}

/** The question which roles the viewer may see. */
export const roleSightOf = ({ authorizer, principal }: Viewer): RoleSight =>
  rememberedSight((value) => authorizer.authorize(principal, 'VIEW_ROLE', { value }));

export const visibleFrameworks = (
  frameworks: Iterable<Framework>,
  { authorizer, principal }: Viewer,
): Framework[] =>
  [...frameworks].filter(({ info }) =>
    authorizer.authorize(principal, 'VIEW_FRAMEWORK', { framework: info }),
  );

export const visibleExecutors = (
  executors: Iterable<Executor>,
  { info: framework }: Framework,
  { authorizer, principal }: Viewer,
): Executor[] =>
  [...executors].filter(({ info: executor }) =>
    authorizer.authorize(principal, 'VIEW_EXECUTOR', { executor, framework }),
  );

const capabilityName = enumNames(AgentInfo_Capability_Type);
const executorTypeName = enumNames(ExecutorInfo_Type);

function drainJson({ drain }: AgentState, { message }: Writing): Json {
  return drain === undefined
    ? {}
    : {
        drain_config: message('DrainConfig', drain.config),
        estimated_drain_start_time_seconds: Math.floor(drain.startedMs / 1000),
      };
}

function resourceFields(agent: AgentState, writing: Writing, viewer: Viewer): Json {
  const sees = roleSightOf(viewer);
  const total = shownResources(agent.ledger.total(), sees);
  const used = shownResources(agentAllocated(agent), sees);
  const seenByRole = (resources: readonly Resource[]) =>
    [...reservedByRole(resources)].filter(([role]) => sees(role));
  const sums = (byRole: ReturnType<typeof seenByRole>) =>
    Object.fromEntries(byRole.map(([role, own]) => [role, resourcesJson(writing, own)]));
  const reserved = seenByRole(total);
  return {
    resources: resourcesJson(writing, total),
    reserved_resources: sums(reserved),
    unreserved_resources: resourcesJson(writing, unreservedOf(total)),
    reserved_resources_full: Object.fromEntries(
      reserved.map(([role, own]) => [role, fullResourcesJson(writing, own)]),
    ),
    unreserved_resources_full: fullResourcesJson(writing, unreservedOf(total)),
    reserved_resources_allocated: sums(seenByRole(used)),
    unreserved_resources_allocated: resourcesJson(writing, unreservedOf(used)),
  };
}

/** The resources of all executors and their tasks, the allowances of command executors included. */
export const agentAllocated = (agent: AgentState) =>
  agent.core.algebra.sum(
    [...agent.frameworks.values()].flatMap((framework) =>
      [...framework.executors.values()].map((executor) => allocatedResources(agent, executor)),
    ),
  );

function frameworkJson(
  agent: AgentState,
  writing: Writing,
  viewer: Viewer,
  framework: Framework,
): Json {
  const { info } = framework;
  const sees = roleSightOf(viewer);
  const write = (executor: Executor) => executorJson(agent, writing, viewer, framework, executor);
  return {
    id: framework.id,
    name: info.name,
    user: info.user,
    failover_timeout: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    hostname: info.hostname ?? '',
    ...(info.principal === undefined ? {} : { principal: info.principal }),
    ...(frameworkCapabilities(info).multiRole
      ? { roles: (info.roles ?? []).filter(sees) }
      : roleJson(info.role ?? '*', sees)),
    executors: visibleExecutors(framework.executors.values(), framework, viewer).map(write),
    completed_executors: visibleExecutors(framework.completed, framework, viewer).map(write),
  };
}

function executorJson(
  agent: AgentState,
  writing: Writing,
  viewer: Viewer,
  { info: framework }: Framework,
  executor: Executor,
): Json {
  const { authorizer, principal } = viewer;
  const sees = roleSightOf(viewer);
  const { info } = executor;
  const shown = [
    ...executor.launched.values(),
    ...executor.completed,
    ...executor.terminated.values(),
  ].filter((task) => authorizer.authorize(principal, 'VIEW_TASK', { task, framework }));
  const isLaunched = new Set(executor.launched.values());
  return {
    id: executor.executorId,
    name: info.name ?? '',
    source: info.source ?? '',
    container: executor.containerId,
    directory: sandboxDirectory(agent, executor),
    resources: resourcesJson(writing, shownResources(allocatedResources(agent, executor), sees)),
    ...((info.resources?.length ?? 0) > 0 ? roleJson(holderRole(info.resources), sees) : {}),
    ...(info.labels === undefined ? {} : { labels: labelsJson(info.labels) }),
    ...(info.type === undefined ? {} : { type: executorTypeName(info.type) }),
    tasks: shown
      .filter((task) => isLaunched.has(task))
      .map((task) => agentTaskJson(writing, task, sees)),
    queued_tasks: [...executor.queued.values()]
      .filter((task) => authorizer.authorize(principal, 'VIEW_TASK', { task, framework }))
      .map((task) => queuedTaskJson(writing, task, sees)),
    completed_tasks: shown
      .filter((task) => !isLaunched.has(task))
      .map((task) => agentTaskJson(writing, task, sees)),
  };
}
