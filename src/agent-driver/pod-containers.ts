// The containers of a default executor's tasks: what is asked of the containerizer for one, and how
// a later agent finds them again.
import type { CheckpointedTask } from '../agent/checkpoint.ts';
import { ContainerizerError } from '../containerizer/containerizer-error.ts';
import type { Place } from '../containerizer/plan/place.ts';
import type { ContainerRequest } from '../containerizer/plan/request.ts';
import { nestedSandbox } from '../containerizer/plan/sandbox-path.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import type { PodEffect, ResumedTask } from '../executor/pod.ts';
import type { RememberedKill } from '../executor/remembered-kill.ts';
import { childOf, nameOf } from '../model/container-id.ts';
import type {
  ExecutorID,
  Resource,
  ResourceStatistics,
  TaskInfo,
  TaskState,
} from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import { isTerminal } from '../model/task-state.ts';
import { roleEnvironment } from './task-environment.ts';

type Launch = Extract<PodEffect, { type: 'launch' }>;

/** The executor's part of the request for a task's container. */
interface Surroundings {
  /** The executor's sandbox, relative to the work directory. */
  readonly sandbox: string;
  /** The user of tasks that name none; undefined: the agent's own, whatever tasks name. */
  readonly user: string | undefined;
  /** What the executor has, with its tasks. */
  readonly resources: readonly Resource[];
  /** The agent's address. */
  readonly ip: string;
  readonly isBound: boolean;
  readonly executorId: ExecutorID;
}

/** Where the container of a task is, in that of its executor. */
export const taskPlace = (
  container: ContainerId,
  task: TaskInfo,
  { sandbox, user, isBound }: Place,
): Place => ({
  kind: 'task',
  sandbox: nestedSandbox(sandbox, nameOf(container)),
  user: taskUser(task, user),
  isBound,
  resources: task.resources ?? [],
});

/** Without switching users, all containers have the agent's. */
const taskUser = (task: TaskInfo, user: string | undefined): string | undefined =>
  user === undefined ? undefined : (task.command?.user ?? user);

/** What a task's container is asked to be. Nothing of the executor's environment is in its own. */
export function nestedRequest(
  { container, task, leader, members }: Launch,
  { sandbox, user, resources, ip, isBound, executorId }: Surroundings,
): ContainerRequest {
  const own = taskUser(task, user);
  const name = nameOf(container);
  const note: Note = {
    task: task.task_id.value,
    leader: nameOf(leader),
    // Once is enough: a group may be large.
    ...(container === leader && { members }),
  };
  return {
    id: container,
    kind: 'task',
    sandbox: nestedSandbox(sandbox, name),
    executorResources: resources,
    note: JSON.stringify(note),
    user: own,
    environment: {},
    taskEnvironment: { MESOS_CONTAINER_IP: ip, ...roleEnvironment(task.resources) },
    command: task.command,
    resources: task.resources ?? [],
    limits: task.limits,
    isBound,
    executor: { executor_id: executorId },
    task,
  };
}

/** What is noted of a task's container. */
interface Note {
  readonly task: string;
  /** The name of the container of the group's first task, whose note has the group's tasks. */
  readonly leader: string;
  readonly members?: readonly string[];
}

interface Found {
  readonly note: Note;
  readonly container: ContainerId;
  readonly startedMs: number;
}

interface Recovery {
  /** The executor's container. */
  readonly parent: ContainerId;
  /** The executor's tasks in the checkpoint. */
  readonly tasks: readonly CheckpointedTask[];
  readonly records: RunRecords;
  readonly killOf: (container: ContainerId) => RememberedKill | undefined;
  readonly nowMs: number;
  readonly warn: (text: string) => void;
}

/**
 * The tasks that the executor has been given and whose end is not in the checkpoint. One that was
 * announced, and has no container, was never started; one that was not even announced is left to
 * the agent, which knows that the executor has not got it.
 */
export function resumedTasks({
  parent,
  tasks,
  records,
  killOf,
  nowMs,
  warn,
}: Recovery): ResumedTask[] {
  const notes = new Map<string, Found>();
  const leaders = new Map<string, string>();
  /** Of containers of tasks that are not known any more: each task without one may have had it. */
  const losses: string[] = [];
  for (const container of records.all(parent)) {
    const note = noteOf(records, container, (loss) => {
      losses.push(loss);
      warn(loss);
    });
    if (note !== undefined) {
      // A task's id may be used again after its end: the later container is the one that counts.
      const startedMs = records.supervisor(container)?.startedMs ?? 0;
      if (startedMs >= (notes.get(note.task)?.startedMs ?? 0)) {
        notes.set(note.task, { note, container, startedMs });
      }
      for (const member of note.members ?? []) {
        leaders.set(member, note.leader);
      }
    }
  }
  return tasks.flatMap((checkpointed, index): ResumedTask[] => {
    const { info } = checkpointed;
    const reported = reportedStates(checkpointed);
    const id = info.task_id.value;
    const found = notes.get(id);
    if (reported.some(isTerminal) || (found === undefined && reported.length === 0)) {
      return [];
    }
    const container = found?.container ?? childOf(parent, `none-${index}`);
    const started = found && records.claim(container);
    return [
      {
        container,
        task: info,
        group: found?.note.leader ?? leaders.get(id) ?? id,
        isLaunched: started !== undefined,
        loss: found === undefined ? losses[0] : undefined,
        startedMs: started?.startedMs ?? nowMs,
        reported,
        kill: found && killOf(container),
      },
    ];
  });
}

export const reportedStates = ({ updates }: CheckpointedTask): TaskState[] =>
  updates.map(({ status }) => status.state);

function noteOf(
  records: RunRecords,
  container: ContainerId,
  lost: (text: string) => void,
): Note | undefined {
  try {
    const text = records.noted(container, 'task');
    return text === undefined ? undefined : (JSON.parse(text) as Note);
  } catch (error) {
    if (!(error instanceof ContainerizerError)) {
      throw error;
    }
    lost(`Which task container ${container} was for is not known: ${error.message}`);
    return undefined;
  }
}

/**
 * What the containers of a pod use together, as far as it adds up; undefined where none of them
 * uses anything.
 */
export function sumOfUsage(
  all: readonly (Partial<ResourceStatistics> | undefined)[],
): Partial<ResourceStatistics> | undefined {
  const used = all.filter((it) => it !== undefined);
  const sum: Record<string, number> = {};
  for (const usage of used) {
    for (const [name, value] of Object.entries(usage)) {
      if (typeof value === 'number' && !name.startsWith(PERCENTILES)) {
        sum[name] = (sum[name] ?? 0) + value;
      }
    }
  }
  return used.length === 0 ? undefined : sum;
}

const PERCENTILES = 'net_tcp_rtt_microsecs_';
