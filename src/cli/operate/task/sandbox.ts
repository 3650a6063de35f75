// Where the files of a task are at its agent.
import type { Task } from '../../../model/generated/messages.ts';
import type { AgentValues, ReachedAgent } from '../connection/agents.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentOf, containerOf, taskOf } from '../connection/tasks.ts';
import { below, type FilePlace } from '../files/file-server.ts';
import { CommandError, EXIT } from '../outcome.ts';

export interface Sandbox {
  readonly cluster: Cluster;
  readonly task: Task;
  readonly agent: ReachedAgent;
  /** The virtual path of its folder. */
  readonly path: string;
}

type Values = AgentValues & { readonly framework: string | undefined };

/** Of a task that runs, or has ended and whose files are still there. Rejects with CommandError. */
export async function sandboxOf(text: string, values: Values): Promise<Sandbox> {
  const cluster = await Cluster.of(values);
  const task = await taskOf(cluster, text, values.framework);
  const agent = await agentOf(cluster, task, values);
  return { cluster, task, agent, path: await folderOf(task, agent) };
}

/** A file or folder in it. Rejects with CommandError. */
export async function fileOf(text: string, path: string, values: Values): Promise<FilePlace> {
  const { task, agent, path: folder } = await sandboxOf(text, values);
  return { server: agent, path: below(folder, path), of: `task ${task.task_id.value}` };
}

/**
 * Where it is depends on the executor: tasks of a group have folders of their own in that of
 * theirs. Agents of Apache Mesos know each executor's last run only.
 */
async function folderOf(task: Task, agent: ReachedAgent): Promise<string> {
  const { framework_id, executor_id, task_id } = task;
  const executor = executor_id?.value || task_id.value;
  const runs = `/frameworks/${framework_id.value}/executors/${executor}/runs`;
  let container = containerOf(task);
  const isOfGroup = container?.parent !== undefined;
  while (container?.parent !== undefined) {
    container = container.parent;
  }
  const own = container === undefined ? [] : [`${runs}/${container.value}`];
  for (const run of [...own, `${runs}/latest`]) {
    const inside = `${run}/tasks/${task_id.value}`;
    if (isOfGroup && (await isThere(agent, inside))) {
      return inside;
    }
    if (await isThere(agent, run)) {
      return run;
    }
  }
  throw new CommandError(
    EXIT.notFound,
    `${agent.who} has no files of task '${task_id.value}': it never began, or they were deleted (--gc_delay of the agent)`,
  );
}

async function isThere(agent: ReachedAgent, path: string): Promise<boolean> {
  try {
    await agent.list(path);
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.status === EXIT.notFound) {
      return false;
    }
    throw error;
  }
}
