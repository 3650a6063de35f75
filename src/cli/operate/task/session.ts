// What `task exec` and `task attach` share: where the task's container is, and its output.
import {
  type ContainerID,
  type ProcessIO,
  ProcessIO_Data_Type,
  type Task,
  TaskState,
} from '../../../model/generated/messages.ts';
import type { AgentValues, ReachedAgent } from '../connection/agents.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentOf, containerOf, taskOf } from '../connection/tasks.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { printable } from '../output/printable.ts';

interface TaskPlace {
  readonly agent: ReachedAgent;
  readonly container: ContainerID;
  readonly hasTerminal: boolean;
}

const BEFORE_RUNNING: ReadonlySet<TaskState> = new Set([
  TaskState.TASK_STAGING,
  TaskState.TASK_STARTING,
]);
const RUNNING: ReadonlySet<TaskState> = new Set([
  ...BEFORE_RUNNING,
  TaskState.TASK_RUNNING,
  TaskState.TASK_KILLING,
  TaskState.TASK_UNREACHABLE,
]);

/** Rejects with CommandError where the task does not run. */
export async function placeOfTask(
  text: string,
  values: AgentValues & { readonly framework: string | undefined },
): Promise<TaskPlace> {
  const cluster = await Cluster.of(values);
  const task = await taskOf(cluster, text, values.framework);
  return {
    container: runningContainer(task),
    agent: await agentOf(cluster, task, values),
    hasTerminal: task.container?.tty_info !== undefined,
  };
}

/** Throws CommandError. */
function runningContainer(task: Task): ContainerID {
  const id = task.task_id.value;
  if (!RUNNING.has(task.state)) {
    throw new CommandError(
      EXIT.failed,
      `task '${id}' has ended: \`mesoscale task show\` and \`task logs\` tell of it`,
    );
  }
  const container = BEFORE_RUNNING.has(task.state) ? undefined : containerOf(task);
  if (container === undefined) {
    throw new CommandError(EXIT.failed, `task '${id}' does not run yet`);
  }
  return container;
}

/** Writes what the container does, no faster than it is taken. */
export async function show(output: AsyncIterable<ProcessIO>): Promise<void> {
  for await (const { data } of output) {
    const bytes = data?.data ?? new Uint8Array(0);
    const stream = data?.type === ProcessIO_Data_Type.STDERR ? process.stderr : process.stdout;
    if (!stream.write(bytes)) {
      await new Promise((resolve) => stream.once('drain', resolve));
    }
  }
}

export const noInput = (why: string) =>
  process.stderr.write(`no input is taken: ${printable(why)}\n`);
