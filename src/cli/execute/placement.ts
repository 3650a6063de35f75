// Decides whether an offer is large enough for the launch, and which resources are taken.
import type { SchedulerCore } from '../../core/interface.ts';
import type { Matcher, TaskDemand } from '../../core/matcher.ts';
import type { Offer, Resource, TaskInfo } from '../../model/generated/messages.ts';
import { parseResources } from '../../model/resource-text.ts';

export interface Placed {
  readonly tasks: TaskInfo[];
  /** The resources of a task group's executor. */
  readonly executor: Resource[];
}

/** The resources that the executor of a task group needs itself. */
export const executorResources = parseResources('cpus:0.1;mem:32;disk:32');

/** Undefined where the offer is too small. */
export function placeOn(
  offer: Pick<Offer, 'hostname' | 'agent_id' | 'resources'>,
  tasks: readonly TaskInfo[],
  isGroup: boolean,
  core: Pick<SchedulerCore, 'algebra'> & { readonly matcher: Matcher },
): Placed | undefined {
  const offered = (offer.resources ?? []).map(unallocated);
  const pool = core.algebra.pool(offered);
  try {
    // A resource with a reservation or a disk is taken literally.
    const isLiteral = tasks.map(({ resources = [] }) => resources.some(isParticular));
    for (const [index, task] of tasks.entries()) {
      if (isLiteral[index] && !pool.take(task.resources ?? [])) {
        return undefined;
      }
    }
    const free = tasks.filter((_, index) => !isLiteral[index]);
    const demands = [
      ...free.map(demandOf),
      ...(isGroup ? [demandOf({ resources: executorResources })] : []),
    ];
    const { placed } = core.matcher.match({
      tasks: demands,
      offers: [{ hostname: offer.hostname, resources: pool.resources() }],
      fitness: { type: 'spread' },
    });
    if (placed.length < demands.length) {
      return undefined;
    }
    const found = new Map(placed.map(({ task, resources }) => [task, resources]));
    return {
      tasks: tasks.map((task) => ({
        ...task,
        agent_id: offer.agent_id,
        resources: found.get(free.indexOf(task)) ?? task.resources ?? [],
      })),
      executor: isGroup ? (found.get(free.length) ?? []) : [],
    };
  } finally {
    pool.free();
  }
}

function unallocated(resource: Resource): Resource {
  const { allocation_info: _, ...rest } = resource;
  return rest;
}

const isParticular = (resource: Resource) =>
  resource.disk !== undefined ||
  resource.revocable !== undefined ||
  resource.provider_id !== undefined ||
  (resource.reservations?.length ?? 0) > 0 ||
  // Too many numbers to be listed one by one.
  (resource.ranges?.range ?? []).some(({ begin, end }) => end - begin > 65_535);

function demandOf({ resources = [] }: Pick<TaskInfo, 'resources'>): TaskDemand {
  const amounts: Record<string, number> = {};
  const numbers: Record<string, number[]> = {};
  const items: Record<string, string[]> = {};
  for (const { name, scalar, ranges, set } of resources) {
    if (scalar !== undefined) {
      amounts[name] = (amounts[name] ?? 0) + scalar.value;
    }
    for (const { begin, end } of ranges?.range ?? []) {
      numbers[name] ??= [];
      for (let number = begin; number <= end; number++) {
        numbers[name].push(number);
      }
    }
    if (set !== undefined) {
      items[name] = [...(items[name] ?? []), ...(set.item ?? [])];
    }
  }
  return { amounts, numbers, items };
}
