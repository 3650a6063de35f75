// Messages of a cluster as lines for people, one for each.
import type { CheckpointChange } from '../../src/agent/checkpoint.ts';
import type { MessageToAgent, MessageToMaster } from '../../src/model/agent-messages.ts';
import {
  type ExecutorEvent,
  ExecutorEvent_Type,
  type MachineInfo,
  MachineInfo_Mode,
  type Offer_Operation,
  Offer_Operation_Type,
  OperationState,
  type OperationStatus,
  type QuotaConfig,
  type Resource,
  type SchedulerEvent,
  SchedulerEvent_Type,
  TaskState,
  type TaskStatus,
  TaskStatus_Reason,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { formatResources } from '../../src/model/resource-text.ts';

const nameOf = (of: Readonly<Record<string, number>>, value: number | undefined): string =>
  Object.entries(of).find(([, known]) => known === value)?.[0] ?? `${value}`;

/** The most characters of a status message. */
const MAX_SHOWN = 90;

/** `cpus:1; disk(web)[data:/vol]:512` */
export const resourcesLine = (resources: readonly Resource[] = []): string =>
  resources
    .map((it) => {
      const text = formatResources([it]);
      const volume = it.disk?.persistence;
      const at = it.disk?.volume?.container_path;
      return volume === undefined ? text : text.replace(':', `[${volume.id} at ${at}]:`);
    })
    .join('; ');

/** The lines of one event; heartbeats have none. */
export function schedulerEventLines(event: SchedulerEvent): string[] {
  const type = nameOf(SchedulerEvent_Type, event.type);
  switch (event.type) {
    case SchedulerEvent_Type.HEARTBEAT:
      return [];
    case SchedulerEvent_Type.SUBSCRIBED:
      return [`${type} as ${event.subscribed?.framework_id.value}`];
    case SchedulerEvent_Type.OFFERS:
      return (event.offers?.offers ?? []).map((it) => {
        const role = `for ${it.allocation_info?.role}`;
        const soon = it.unavailability === undefined ? '' : ', soon unavailable';
        const what = resourcesLine(it.resources);
        return `${type} ${it.id.value}: ${it.agent_id.value} ${what} ${role}${soon}`;
      });
    case SchedulerEvent_Type.INVERSE_OFFERS:
      return (event.inverse_offers?.inverse_offers ?? []).map(
        (it) => `${type} ${it.id.value}: ${it.agent_id?.value} will be unavailable`,
      );
    case SchedulerEvent_Type.RESCIND:
      return [`${type} ${event.rescind?.offer_id.value}`];
    case SchedulerEvent_Type.RESCIND_INVERSE_OFFER:
      return [`${type} ${event.rescind_inverse_offer?.inverse_offer_id.value}`];
    case SchedulerEvent_Type.UPDATE:
      return event.update === undefined ? [] : [`${type} ${statusLine(event.update.status)}`];
    case SchedulerEvent_Type.UPDATE_OPERATION_STATUS:
      return [`${type} ${operationStatusLine(event.update_operation_status?.status)}`];
    case SchedulerEvent_Type.FAILURE: {
      const executor = event.failure?.executor_id?.value;
      const of = executor === undefined ? '' : `: executor ${executor}`;
      const status = event.failure?.status;
      const how = status === undefined ? '' : ` ended with status ${status}`;
      return [`${type} ${event.failure?.agent_id?.value}${of}${how}`];
    }
    case SchedulerEvent_Type.ERROR:
      return [`${type} '${event.error?.message}'`];
    default:
      return [type];
  }
}

/** Source and reason are shown, except for an executor's plain report. */
export function statusLine(status: TaskStatus): string {
  const parts = [status.task_id.value, nameOf(TaskState, status.state)];
  if (status.source !== TaskStatus_Source.SOURCE_EXECUTOR) {
    parts.push(`by ${nameOf(TaskStatus_Source, status.source)}`);
  }
  if (status.reason !== undefined) {
    parts.push(nameOf(TaskStatus_Reason, status.reason));
  }
  if (status.message !== undefined && status.message !== '') {
    parts.push(`'${shortened(status.message)}'`);
  }
  return parts.join(' ');
}

const shortened = (message: string) =>
  message.length <= MAX_SHOWN ? message : `${message.slice(0, MAX_SHOWN)}…`;

function operationStatusLine(status: OperationStatus | undefined): string {
  const message = status?.message === undefined ? '' : ` '${status.message}'`;
  return `${status?.operation_id?.value} ${nameOf(OperationState, status?.state)}${message}`;
}

/** The operation of an ACCEPT, as an agent gets it. */
export function operationLine(operation: Offer_Operation): string {
  const type = nameOf(Offer_Operation_Type, operation.type);
  const { reserve, unreserve, create, destroy } = operation;
  const resources =
    reserve?.resources ?? unreserve?.resources ?? create?.volumes ?? destroy?.volumes;
  return `${type} ${resourcesLine(resources)}`;
}

export function toAgentLine({ name, body }: MessageToAgent): string {
  const title = name.replace(/Message$/, '');
  switch (name) {
    case 'AgentRegisteredMessage':
    case 'AgentReregisteredMessage':
      return `${title} as ${body.agent_id.value}`;
    case 'RunTaskMessage':
      return `${title} ${body.task.task_id.value} ${resourcesLine(body.task.resources)}`;
    case 'RunTaskGroupMessage':
      return `${title} ${taskIds(body.task_group.tasks ?? [])} in ${body.executor.executor_id.value}`;
    case 'KillTaskMessage':
      return `${title} ${body.task_id.value}`;
    case 'StatusUpdateAcknowledgementMessage':
      return `${title} ${body.task_id.value}`;
    case 'ApplyOperationMessage':
      return `${title} ${operationLine(body.operation_info)}`;
    case 'CheckpointResourcesMessage':
      return `${title} ${resourcesLine(body.resources)}`;
    case 'ShutdownMessage':
      return `${title} '${body.message}'`;
    case 'ShutdownFrameworkMessage':
      return `${title} ${body.framework_id.value}`;
    case 'UpdateFrameworkMessage':
      return `${title} ${body.framework_id.value}`;
    default:
      return title;
  }
}

export function toMasterLine({ name, body }: MessageToMaster): string {
  const title = name.replace(/Message$/, '');
  switch (name) {
    case 'RegisterAgentMessage':
      return `${title} ${resourcesLine(body.agent.resources)}`;
    case 'ReregisterAgentMessage': {
      const tasks = (body.tasks ?? []).map(
        (it) => `${it.task_id.value} ${nameOf(TaskState, it.state)}`,
      );
      return `${title} with ${tasks.length === 0 ? 'no tasks' : tasks.join(', ')}`;
    }
    case 'StatusUpdateMessage':
      return `${title} ${statusLine(body.update.status)}`;
    case 'ExitedExecutorMessage':
      return `${title} ${body.executor_id.value} with status ${body.status}`;
    default:
      return title;
  }
}

export function executorEventLine(event: ExecutorEvent): string {
  const type = nameOf(ExecutorEvent_Type, event.type);
  const group = event.launch_group?.task_group.tasks;
  const task = event.launch?.task.task_id ?? event.kill?.task_id ?? event.acknowledged?.task_id;
  return [type, group === undefined ? task?.value : taskIds(group)].filter(Boolean).join(' ');
}

export function registryLine(change: RegistryChange): string {
  switch (change.type) {
    case 'admitAgent':
    case 'updateAgent':
    case 'markReachable':
      return `${change.type} ${change.agent.hostname}`;
    case 'removeAgent':
    case 'markUnreachable':
    case 'markGone':
      return `${change.type} ${change.id}`;
    case 'setDuty': {
      const drains = change.drain === undefined ? '' : ' draining';
      return `${change.type} ${change.id}:${drains}${change.deactivated ? ' deactivated' : ''}`;
    }
    case 'setQuotas':
      return `${change.type} ${change.quotas.map(quotaLine).join(', ')}`;
    case 'setWeights':
      return `${change.type} ${change.weights.map((it) => `${it.role}=${it.weight}`).join(', ')}`;
    case 'setMaintenance': {
      const windows = change.schedules.flatMap((it) => it.windows ?? []);
      return `${change.type} ${windows.length} windows, ${change.machines.map(machineLine).join(', ')}`;
    }
    default:
      return change.type;
  }
}

function quotaLine({ role, guarantees, limits }: QuotaConfig): string {
  const of = (what: string, quantities: QuotaConfig['limits']) =>
    Object.entries(quantities ?? {}).map(([name, { value }]) => `${what} ${name}:${value}`);
  return [role, ...of('guaranteed', guarantees), ...of('at most', limits)].join(' ');
}

const machineLine = ({ id, mode }: MachineInfo): string =>
  `${id.hostname} ${nameOf(MachineInfo_Mode, mode)}`;

/**
 * Changes about tasks are left out, since the agent shows them after a restart; this is the rest.
 */
export function checkpointLine(change: CheckpointChange): string | undefined {
  switch (change.type) {
    case 'resources':
      return `resources ${resourcesLine(change.resources)}`;
    case 'drain':
      return change.drain === undefined ? 'drain is over' : 'drain';
    case 'forgetAgent':
      return 'forgets its agent id';
    case 'executor':
      return `executor ${change.info.executor_id.value}`;
    default:
      return undefined;
  }
}

const taskIds = (tasks: readonly { readonly task_id: { readonly value: string } }[]) =>
  tasks.map((it) => it.task_id.value).join(' ');
