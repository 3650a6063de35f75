// Tasks, found by what operators call them, and where each of them is.
import {
  type ContainerID,
  type MasterCall_GetTasks,
  MasterCall_Type,
  type Task,
} from '../../../model/generated/messages.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { type AgentValues, ReachedAgent } from './agents.ts';
import { foundOrAwaited } from './awaited.ts';
import type { Cluster } from './cluster.ts';
import { named } from './named.ts';
import { agentId, agentsOf, frameworkNames } from './things.ts';

/** As the master tells of them, those that have ended in the order in which they did. */
export interface Tasks {
  readonly live: readonly Task[];
  readonly ended: readonly Task[];
}

/** Those that a word may mean, where one is said; masters of Apache Mesos tell of all. */
export async function tasksOf(cluster: Cluster, wanted?: MasterCall_GetTasks): Promise<Tasks> {
  const { get_tasks } = await cluster.master({
    type: MasterCall_Type.GET_TASKS,
    ...(wanted !== undefined && { get_tasks: wanted }),
  });
  const { pending_tasks, tasks, unreachable_tasks, completed_tasks, orphan_tasks } =
    get_tasks ?? {};
  return {
    live: [pending_tasks, tasks, unreachable_tasks, orphan_tasks].flatMap((each) => each ?? []),
    ended: completed_tasks ?? [],
  };
}

/**
 * A whole id wins over a name, and that over a part of an id; a task that lives over those that
 * have ended, and of these the last one. Throws CommandError.
 */
export function taskNamed(tasks: Tasks, text: string, frameworkId?: string): Task {
  const ofFramework = (task: Task) =>
    frameworkId === undefined || task.framework_id.value === frameworkId;
  const live = tasks.live.filter(ofFramework);
  const ended = [...new Map(tasks.ended.filter(ofFramework).map((task) => [keyOf(task), task]))];
  const all = [live, ended.map(([, task]) => task)];
  for (const some of all) {
    const [task, ...others] = some.filter(({ task_id }) => task_id.value === text);
    if (others.length > 0) {
      throw several(text, some);
    }
    if (task !== undefined) {
      return task;
    }
  }
  const [some = []] = all.filter((each) => each.some((task) => isMeant(task, text)));
  return named(some.length === 0 ? all.flat() : some, text, {
    kind: 'task',
    idOf: ({ task_id }) => task_id.value,
    namesOf: ({ name }) => [name],
    list: 'mesoscale task list --all',
  });
}

/** A task of that name, of the framework if one is named. Rejects with CommandError. */
export async function taskOf(
  cluster: Cluster,
  text: string,
  framework: string | undefined,
): Promise<Task> {
  const [task] = await tasksNamed(cluster, [text], framework);
  return task as Task;
}

/** One for each text, as `taskOf`. */
export async function tasksNamed(
  cluster: Cluster,
  texts: readonly string[],
  framework: string | undefined,
): Promise<readonly Task[]> {
  const [tasks, names] = await Promise.all([
    meantBy(cluster, texts),
    framework === undefined ? undefined : frameworkNames(cluster),
  ]);
  return foundOrAwaited(cluster, () => {
    const id = framework === undefined ? undefined : names?.named(framework);
    return texts.map((text) => taskNamed(tasks, text, id));
  });
}

/** One alone is asked for; where there is none, the error names what is close among all. */
async function meantBy(
  cluster: Cluster,
  [word = '', ...others]: readonly string[],
): Promise<Tasks> {
  const some = others.length > 0 ? undefined : await tasksOf(cluster, { word });
  const isFound = some !== undefined && some.live.length + some.ended.length > 0;
  return isFound ? some : tasksOf(cluster);
}

const keyOf = ({ framework_id, task_id }: Task) => `${framework_id.value}\0${task_id.value}`;

const isMeant = ({ task_id: { value }, name }: Task, text: string): boolean =>
  name === text || value.startsWith(text) || value.endsWith(`-${text}`);

function several(text: string, tasks: readonly Task[]): CommandError {
  const frameworks = tasks
    .filter(({ task_id }) => task_id.value === text)
    .map(({ framework_id }) => framework_id.value);
  return new CommandError(
    EXIT.notFound,
    `several frameworks have a task '${text}': say --framework, which is one of ${frameworks.join(', ')}`,
  );
}

/** The container of a task, once one was made for it. */
export const containerOf = ({ statuses = [] }: Task): ContainerID | undefined =>
  statuses.findLast(({ container_status }) => container_status?.container_id !== undefined)
    ?.container_status?.container_id;

/** The agent of a task. Throws CommandError where the master knows none. */
export async function agentOf(
  cluster: Cluster,
  { task_id, agent_id }: Task,
  values: AgentValues,
): Promise<ReachedAgent> {
  const agents = await agentsOf(cluster, { word: agent_id.value });
  const agent = agents.find((each) => agentId(each) === agent_id.value);
  if (agent === undefined) {
    throw new CommandError(
      EXIT.unreachable,
      `agent ${agent_id.value} of task '${task_id.value}' is not connected with the master: ` +
        `on its disk the files are below --work_dir, in slaves/${agent_id.value}`,
    );
  }
  return new ReachedAgent(cluster, agent, values);
}
