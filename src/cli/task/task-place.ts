// Where a running task is: the master knows its container and its agent.
import type { OperatorClient } from '../../http/client/operator-client.ts';
import {
  type ContainerID,
  MasterCall_Type,
  type Task,
  TaskState,
} from '../../model/generated/messages.ts';

export interface TaskPlace {
  /** The agent's `host:port`. */
  readonly agent: string;
  readonly container: ContainerID;
  readonly hasTerminal: boolean;
}

/** Why there is no such task, or more than one. */
export class NoSuchTaskError extends Error {}

const BEFORE_RUNNING: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_STAGING,
  TaskState.TASK_STARTING,
]);

/** Throws NoSuchTaskError. */
export async function placeOfTask(
  master: OperatorClient,
  id: string,
  frameworkId: string | undefined,
): Promise<TaskPlace> {
  const { get_tasks } = await master.master({ type: MasterCall_Type.GET_TASKS });
  const found = (get_tasks?.tasks ?? []).filter(
    ({ task_id, framework_id }) =>
      task_id.value === id && (frameworkId === undefined || framework_id.value === frameworkId),
  );
  const [task] = found;
  if (task === undefined) {
    throw new NoSuchTaskError(`No task '${id}' is running`);
  }
  if (found.length > 1) {
    const frameworks = found.map(({ framework_id }) => framework_id.value).join(', ');
    throw new NoSuchTaskError(
      `Several tasks '${id}' are running: say --framework_id, which is one of ${frameworks}`,
    );
  }
  const container = BEFORE_RUNNING.has(task.state) ? undefined : containerOf(task);
  if (container === undefined) {
    throw new NoSuchTaskError(`Task '${id}' does not run yet`);
  }
  return {
    container,
    agent: await addressOf(master, task),
    hasTerminal: task.container?.tty_info !== undefined,
  };
}

const containerOf = ({ statuses = [] }: Task): ContainerID | undefined =>
  statuses.findLast(({ container_status }) => container_status?.container_id !== undefined)
    ?.container_status?.container_id;

async function addressOf(master: OperatorClient, { agent_id }: Task): Promise<string> {
  const { get_agents } = await master.master({ type: MasterCall_Type.GET_AGENTS });
  const agent = get_agents?.agents?.find(
    ({ agent_info }) => agent_info.id?.value === agent_id.value,
  );
  const [, address] = /@(.+)$/.exec(agent?.pid ?? '') ?? [];
  if (address === undefined) {
    throw new NoSuchTaskError(`The agent of the task, ${agent_id.value}, is not connected`);
  }
  return address;
}
