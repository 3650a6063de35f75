// The command executor, which a task without an executor of its own gets. It is described as in
// Mesos: named after the task, with an allowance of resources that the framework is not charged
// for.
import {
  type CommandInfo,
  type ExecutorInfo,
  type FrameworkInfo,
  type Resource,
  type TaskInfo,
  Value_Type,
} from '../../model/generated/messages.ts';
import { allocationRole } from '../../model/resource-format.ts';
import type { AgentState } from '../state.ts';

const ALLOWANCE = { cpus: 0.1, mem: 32 };
/** Characters of the command, or of its arguments, in the executor's name. */
const MAX_NAME_LENGTH = 15;
/** The longest that Mesos takes to notice the end of a process, and a second more. */
const REAP_MS = 2_000n;

export function commandExecutorInfo(
  agent: AgentState,
  framework: FrameworkInfo,
  task: TaskInfo,
): ExecutorInfo {
  const command = task.command ?? {};
  const program = 'mesos-executor';
  const info: ExecutorInfo = {
    executor_id: { value: task.task_id.value },
    ...(framework.id === undefined ? {} : { framework_id: framework.id }),
    command: {
      ...(command.uris === undefined ? {} : { uris: command.uris }),
      ...(command.environment === undefined ? {} : { environment: command.environment }),
      ...(command.user === undefined ? {} : { user: command.user }),
      shell: false,
      value: `${agent.options.launcherDir}/${program}`,
      arguments: [program, `--launcher_dir=${agent.options.launcherDir}`],
    },
    resources: overhead(allocationRole(task.resources)),
    name: `Command Executor (Task: ${task.task_id.value}) (Command: ${commandText(command)})`,
    source: task.task_id.value,
  };
  if (task.container !== undefined) {
    info.container = task.container;
  }
  if (task.labels !== undefined) {
    info.labels = task.labels;
  }
  if (task.discovery !== undefined) {
    info.discovery = task.discovery;
  }
  const grace = task.kill_policy?.grace_period?.nanoseconds;
  if (grace !== undefined) {
    info.shutdown_grace_period = { nanoseconds: grace + REAP_MS * 1_000_000n };
  }
  return info;
}

function commandText(command: CommandInfo): string {
  if (command.shell ?? true) {
    return command.value === undefined ? 'NO COMMAND' : `sh -c '${shortened(command.value)}'`;
  }
  return command.value === undefined
    ? 'NO EXECUTABLE'
    : `[${shortened(`${command.value}, ${(command.arguments ?? []).join(', ')}`)}]`;
}

const shortened = (text: string) =>
  text.length > MAX_NAME_LENGTH ? `${text.slice(0, MAX_NAME_LENGTH - 3)}...` : text;

const overhead = (role: string | undefined): Resource[] =>
  Object.entries(ALLOWANCE).map(([name, value]) => ({
    name,
    type: Value_Type.SCALAR,
    scalar: { value },
    ...(role === undefined ? {} : { allocation_info: { role } }),
  }));
