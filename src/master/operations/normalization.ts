// Operations as frameworks send them, made into what the master works with: the resources are
// valid, carry their reservations as a list, and say which role they are allocated to.
import {
  type ExecutorInfo,
  HealthCheck_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  type TaskInfo,
} from '../../model/generated/messages.ts';
import { allocatedTo, toReservationList, withoutAllocation } from '../../model/resource-format.ts';
import { resourceError, resourcesError } from '../../model/resource-validation.ts';
import type { Framework } from '../state.ts';

/** Why the operation's resources cannot be taken, or that its body is missing. */
export function operationInputError(operation: Offer_Operation): string | undefined {
  switch (operation.type) {
    case Offer_Operation_Type.RESERVE:
      return operation.reserve === undefined
        ? missing('RESERVE', 'reserve')
        : (resourcesError(operation.reserve.resources) ??
            resourcesError(operation.reserve.source) ??
            ((operation.reserve.source?.length ?? 0) > 0
              ? 'Reservation updates are not yet implemented for the scheduler API.'
              : undefined));
    case Offer_Operation_Type.UNRESERVE:
      return operation.unreserve === undefined
        ? missing('UNRESERVE', 'unreserve')
        : resourcesError(operation.unreserve.resources);
    case Offer_Operation_Type.CREATE:
      return operation.create === undefined
        ? missing('CREATE', 'create')
        : resourcesError(operation.create.volumes);
    case Offer_Operation_Type.DESTROY:
      return operation.destroy === undefined
        ? missing('DESTROY', 'destroy')
        : resourcesError(operation.destroy.volumes);
    case Offer_Operation_Type.GROW_VOLUME:
      return operation.grow_volume === undefined
        ? missing('GROW_VOLUME', 'grow_volume')
        : (resourceError(operation.grow_volume.volume) ??
            resourceError(operation.grow_volume.addition));
    case Offer_Operation_Type.SHRINK_VOLUME:
      return operation.shrink_volume === undefined
        ? missing('SHRINK_VOLUME', 'shrink_volume')
        : resourceError(operation.shrink_volume.volume);
    case Offer_Operation_Type.CREATE_DISK:
      return operation.create_disk === undefined
        ? missing('CREATE_DISK', 'create_disk')
        : resourceError(operation.create_disk.source);
    case Offer_Operation_Type.DESTROY_DISK:
      return operation.destroy_disk === undefined
        ? missing('DESTROY_DISK', 'destroy_disk')
        : resourceError(operation.destroy_disk.source);
    case Offer_Operation_Type.LAUNCH:
      return operation.launch === undefined
        ? missing('LAUNCH', 'launch')
        : tasksError(operation.launch.task_infos);
    case Offer_Operation_Type.LAUNCH_GROUP:
      return operation.launch_group === undefined
        ? missing('LAUNCH_GROUP', 'launch_group')
        : (resourcesError(operation.launch_group.executor.resources) ??
            tasksError(operation.launch_group.task_group.tasks));
    case Offer_Operation_Type.UNKNOWN:
    case undefined:
      return undefined;
    default:
      return operation.type satisfies never;
  }
}

const missing = (type: string, field: string) =>
  `A ${type} offer operation must have the Offer.Operation.${field} field set.`;

function tasksError(tasks: readonly TaskInfo[] | undefined): string | undefined {
  for (const task of tasks ?? []) {
    const error = resourcesError(task.resources) ?? resourcesError(task.executor?.resources);
    if (error !== undefined) {
      return error;
    }
  }
  return undefined;
}

/** Tasks of a LAUNCH or LAUNCH_GROUP; undefined for all others. */
export function tasksOf(operation: Offer_Operation): readonly TaskInfo[] | undefined {
  switch (operation.type) {
    case Offer_Operation_Type.LAUNCH:
      return operation.launch?.task_infos ?? [];
    case Offer_Operation_Type.LAUNCH_GROUP:
      return operation.launch_group?.task_group.tasks ?? [];
    default:
      return undefined;
  }
}

/** The body of each type of operation. */
const BODIES = {
  [Offer_Operation_Type.LAUNCH]: 'launch',
  [Offer_Operation_Type.LAUNCH_GROUP]: 'launch_group',
  [Offer_Operation_Type.RESERVE]: 'reserve',
  [Offer_Operation_Type.UNRESERVE]: 'unreserve',
  [Offer_Operation_Type.CREATE]: 'create',
  [Offer_Operation_Type.DESTROY]: 'destroy',
  [Offer_Operation_Type.GROW_VOLUME]: 'grow_volume',
  [Offer_Operation_Type.SHRINK_VOLUME]: 'shrink_volume',
  [Offer_Operation_Type.CREATE_DISK]: 'create_disk',
  [Offer_Operation_Type.DESTROY_DISK]: 'destroy_disk',
} as const satisfies Record<
  Exclude<Offer_Operation_Type, typeof Offer_Operation_Type.UNKNOWN>,
  keyof Offer_Operation
>;

/**
 * The operation without bodies of other types. These say nothing, as what an operation needs is
 * decided by its type; nobody after this has to look at the type to find the body.
 */
function withOwnBody(operation: Offer_Operation): Offer_Operation {
  const { type, id } = operation;
  if (type === undefined || type === Offer_Operation_Type.UNKNOWN) {
    return operation;
  }
  const name = BODIES[type];
  return { type, ...(id !== undefined && { id }), [name]: operation[name] };
}

/** Completes an operation whose input is valid, for resources offered to the role. */
export function completeOperation(
  sent: Offer_Operation,
  framework: Framework,
  role: string,
): Offer_Operation {
  const operation = withOwnBody(sent);
  const one = (resource: Resource) => allocatedTo(toReservationList(resource), role);
  const all = (resources: readonly Resource[] | undefined) => (resources ?? []).map(one);
  const { launch, launch_group } = operation;
  if (launch !== undefined) {
    const task_infos = (launch.task_infos ?? []).map((task) => completeTask(task, framework, all));
    return { ...operation, launch: { task_infos } };
  }
  if (launch_group !== undefined) {
    const executor = withResources(launch_group.executor, all);
    const tasks = (launch_group.task_group.tasks ?? []).map((task) => ({
      ...task,
      resources: all(task.resources),
      executor: task.executor === undefined ? executor : withResources(task.executor, all),
    }));
    return {
      ...operation,
      launch_group: { executor, task_group: { ...launch_group.task_group, tasks } },
    };
  }
  return mapResources(operation, one);
}

/** The operation as it changes an agent's total, whose resources carry no allocation. */
export const withoutAllocations = (operation: Offer_Operation) =>
  mapResources(operation, withoutAllocation);

/** The same reservation or volume operation with each of its resources changed. */
function mapResources(
  operation: Offer_Operation,
  one: (resource: Resource) => Resource,
): Offer_Operation {
  const all = (resources: readonly Resource[] | undefined) => (resources ?? []).map(one);
  const { reserve, unreserve, create, destroy, grow_volume, shrink_volume } = operation;
  if (reserve !== undefined) {
    return { ...operation, reserve: { ...reserve, resources: all(reserve.resources) } };
  }
  if (unreserve !== undefined) {
    return { ...operation, unreserve: { resources: all(unreserve.resources) } };
  }
  if (create !== undefined) {
    return { ...operation, create: { volumes: all(create.volumes) } };
  }
  if (destroy !== undefined) {
    return { ...operation, destroy: { volumes: all(destroy.volumes) } };
  }
  if (grow_volume !== undefined) {
    const { volume, addition } = grow_volume;
    return { ...operation, grow_volume: { volume: one(volume), addition: one(addition) } };
  }
  if (shrink_volume !== undefined) {
    const { volume } = shrink_volume;
    return { ...operation, shrink_volume: { ...shrink_volume, volume: one(volume) } };
  }
  return operation;
}

type Upgrade = (resources: readonly Resource[] | undefined) => Resource[];

const withResources = (executor: ExecutorInfo, all: Upgrade): ExecutorInfo =>
  executor.resources === undefined ? executor : { ...executor, resources: all(executor.resources) };

function completeTask(task: TaskInfo, framework: Framework, all: Upgrade): TaskInfo {
  const completed: TaskInfo = { ...task, resources: all(task.resources) };
  if (task.executor !== undefined) {
    const executor = withResources(task.executor, all);
    completed.executor =
      executor.framework_id === undefined
        ? { ...executor, framework_id: framework.idMessage }
        : executor;
  }
  const check = task.health_check;
  if (check !== undefined && check.type === undefined) {
    // Old frameworks leave the type out; it follows from what is there.
    if (check.command !== undefined && check.http === undefined) {
      completed.health_check = { ...check, type: HealthCheck_Type.COMMAND };
    } else if (check.http !== undefined && check.command === undefined) {
      completed.health_check = { ...check, type: HealthCheck_Type.HTTP };
    }
  }
  return completed;
}
