// What an agent tells of its executors' containers: the state machine knows which there are, and
// the containerizer knows what they use.
import type { AgentViews, ContainerView, Viewer } from '../../agent/views.ts';
import { containerIdMessage } from '../../model/container-id.ts';
import type {
  AgentResponse_GetContainers_Container,
  Resource,
  ResourceStatistics,
} from '../../model/generated/messages.ts';
import { jsonValue } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';

/** What a container has used so far; undefined where that is not known. */
export type ContainerUsage = (container: ContainerView) => Promise<ResourceStatistics | undefined>;

const BYTES_A_MEGABYTE = 1024 * 1024;

/** Every executor's container, with its usage. */
export async function listContainers(
  views: AgentViews,
  viewer: Viewer,
  usage: ContainerUsage | undefined,
): Promise<ReportedContainer[]> {
  return Promise.all(
    views.containers(viewer).map(async (view) => ({
      view,
      statistics: withLimits(view.resources, await usage?.(view)),
    })),
  );
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
  const memBytes = sumOf(resources, 'mem') * BYTES_A_MEGABYTE;
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
