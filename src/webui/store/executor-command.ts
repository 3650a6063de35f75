// What a task runs: the master does not keep it, but its agent tells it with the task's executor.
import { plainName } from '../words/names.ts';

/** Of `GET_EXECUTORS` of an agent. */
export interface ExecutorsAnswer {
  readonly executors?: readonly ExecutorAnswer[];
  readonly completed_executors?: readonly ExecutorAnswer[];
}

interface ExecutorAnswer {
  readonly executor_info?: {
    readonly executor_id?: { readonly value?: string };
    readonly framework_id?: { readonly value?: string };
    readonly name?: string;
    readonly command?: {
      readonly value?: string;
      readonly arguments?: readonly string[];
      readonly shell?: boolean;
      readonly user?: string;
      readonly uris?: readonly { readonly value?: string }[];
      readonly environment?: {
        readonly variables?: readonly { readonly name?: string; readonly value?: string }[];
      };
    };
  };
}

export interface ExecutorCommand {
  readonly command: string;
  /** Whether only the beginning of it is told. */
  readonly isCut: boolean;
  readonly user: string | undefined;
  readonly environment: readonly string[];
  readonly uris: readonly string[];
}

/** How an executor that an agent has made for a task is named, before what the task runs. */
const nameBefore = (task: string) => `Command Executor (Task: ${task}) (Command: `;
const CUT = /\.\.\.['\]]$/;

/** Undefined where the agent does not know the executor any more. */
export function executorCommand(
  { executors = [], completed_executors = [] }: ExecutorsAnswer,
  { frameworkId, executorId }: { readonly frameworkId: string; readonly executorId: string },
): ExecutorCommand | undefined {
  const info = [...executors, ...completed_executors].find(
    ({ executor_info: { executor_id, framework_id } = {} }) =>
      executor_id?.value === executorId && framework_id?.value === frameworkId,
  )?.executor_info;
  if (info === undefined) {
    return undefined;
  }
  const { command = {}, name = '' } = info;
  const before = nameBefore(executorId);
  const ofTask = name.startsWith(before) ? name.slice(before.length, -1) : undefined;
  const own =
    command.shell === false
      ? (command.arguments ?? [command.value ?? '']).join(' ')
      : (command.value ?? '');
  return {
    command: ofTask ?? own,
    isCut: ofTask !== undefined && CUT.test(ofTask),
    user: command.user,
    environment: (command.environment?.variables ?? []).map(({ name: key = '', value }) =>
      plainName(value === undefined ? `${key}, a secret` : `${key}=${value}`),
    ),
    uris: (command.uris ?? []).map(({ value = '' }) => value),
  };
}

/** The last lines of a text that may begin within one. */
export function lastLines(text: string, count: number): string {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.slice(-count).join('\n');
}
