// What an agent tells of containers: the state machine knows those of executors, and the
// containerizer which others there are, and what all of them use.
import type { AgentViews, ContainerView, Viewer } from '../../agent/views.ts';
import { BYTES_PER_MEGABYTE } from '../../model/bytes.ts';
import { containerIdMessage, parentOf, rootOf } from '../../model/container-id.ts';
import type {
  AgentCall_GetContainers,
  AgentResponse_GetContainers_Container,
  ContainerStatus,
  Resource,
  ResourceStatistics,
} from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { jsonValue } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';

/**
 * What a container has used so far; undefined where that is not known. A thousand may be asked for
 * at once: who measures them lets others have a turn in between.
 */
export type ContainerUsage = (
  container: Pick<ContainerView, 'containerId'>,
) => Promise<ResourceStatistics | undefined>;

/** A container that is no executor's: nested in one of these, or standing alone with its own. */
export interface OtherContainer {
  readonly containerId: ContainerId;
  readonly standsAlone: boolean;
  readonly processId?: number | undefined;
  readonly containerStatus?: ContainerStatus | undefined;
  readonly resources: readonly Resource[];
}

/** All that have not ended, each after the one that it is nested in. */
export type OtherContainers = () => Iterable<OtherContainer>;

/** What is told of a container besides its process; undefined where there is no such container. */
export type ContainerStatusOf = (id: ContainerId) => ContainerStatus | undefined;

/** The name of the user that a container runs as; undefined where there is no such container. */
export type UserOf = (id: ContainerId) => string | undefined;

/** The containers of executors that are wanted, with their usage: others are not measured. */
export async function listContainers(
  views: AgentViews,
  viewer: Viewer,
  usage: ContainerUsage | undefined,
  isWanted: (view: ContainerView) => boolean = () => true,
): Promise<ReportedContainer[]> {
  const wanted = [...views.containers(viewer)].filter(isWanted);
  return Promise.all(
    wanted.map(async (view) => ({
      view,
      statistics: withLimits(view.resources, await usage?.(view)),
    })),
  );
}

/**
 * The other containers that a call asks to see: those nested in a container that the viewer may
 * see, and those that stand alone, for whoever may see these.
 */
export async function listOthers(
  executors: readonly ReportedContainer[],
  viewer: Viewer,
  { others, usage, show }: Others,
): Promise<AgentResponse_GetContainers_Container[]> {
  const { show_nested = false, show_standalone = false } = show;
  const seen = new Set<ContainerId>(executors.map(({ view }) => view.containerId));
  const seesAlone = viewer.authorizer.authorize(viewer.principal, 'VIEW_STANDALONE_CONTAINER', {});
  const shown = [...others()].filter(
    ({ containerId, standsAlone }) =>
      (parentOf(containerId) === undefined ? show_standalone : show_nested) &&
      (standsAlone ? seesAlone : seen.has(rootOf(containerId))),
  );
  return Promise.all(
    shown.map(async (container) => otherMessage(container, await usage?.(container))),
  );
}

interface Others {
  readonly others: OtherContainers;
  readonly usage: ContainerUsage | undefined;
  readonly show: AgentCall_GetContainers;
}

function otherMessage(
  { containerId, processId, containerStatus, resources }: OtherContainer,
  used: ResourceStatistics | undefined,
): AgentResponse_GetContainers_Container {
  const container_id = containerIdMessage(containerId);
  const statistics = resources.length > 0 ? withLimits(resources, used) : used;
  return {
    // As in Mesos without its parent, which the status names.
    container_id: { value: container_id.value },
    container_status: {
      container_id,
      ...containerStatus,
      ...(processId === undefined ? {} : { executor_pid: processId }),
    },
    ...(statistics ? { resource_statistics: statistics } : {}),
  };
}

export interface ReportedContainer {
  readonly view: ContainerView;
  readonly statistics: ResourceStatistics | undefined;
}

/** A container as GET_CONTAINERS reports it. */
export function containerMessage({
  view,
  statistics,
}: ReportedContainer): AgentResponse_GetContainers_Container {
  const container_id = containerIdMessage(view.containerId);
  return {
    framework_id: { value: view.frameworkId },
    executor_id: { value: view.executorId },
    executor_name: view.executorName,
    container_id,
    container_status: {
      container_id,
      ...view.containerStatus,
      ...(view.processId === undefined ? {} : { executor_pid: view.processId }),
    },
    ...(statistics ? { resource_statistics: statistics } : {}),
  };
}

/** A container as /monitor/statistics lists it. */
export function usageJson({ view, statistics }: ReportedContainer): Record<string, unknown> {
  return {
    executor_id: view.executorId,
    executor_name: view.executorName,
    framework_id: view.frameworkId,
    source: view.source,
    ...(statistics ? { statistics: jsonValue(types.ResourceStatistics, statistics) } : {}),
  };
}

/** A container as /containers lists it. */
export function containerJson(container: ReportedContainer): Record<string, unknown> {
  const { container_status } = containerMessage(container);
  return {
    container_id: container.view.containerId,
    ...usageJson(container),
    ...(container_status ? { status: jsonValue(types.ContainerStatus, container_status) } : {}),
  };
}

/** Adds the limits that follow from the resources, unless the containerizer has measured them. */
function withLimits(
  resources: readonly Resource[],
  used: ResourceStatistics | undefined,
): ResourceStatistics | undefined {
  if (!used) {
    return undefined;
  }
  const cpus = sumOf(resources, 'cpus');
  const memBytes = sumOf(resources, 'mem') * BYTES_PER_MEGABYTE;
  return {
    cpus_soft_limit: cpus,
    mem_limit_bytes: memBytes,
    mem_soft_limit_bytes: memBytes,
    ...used,
  };
}

function sumOf(resources: readonly Resource[], name: string): number {
  let sum = 0;
  for (const resource of resources) {
    if (resource.name === name) {
      sum += resource.scalar?.value ?? 0;
    }
  }
  return sum;
}
