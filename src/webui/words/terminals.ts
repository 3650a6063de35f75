// How a terminal, or the command in it, has ended, and which container is whose, in words and ids.
import type { ContainerID, Task } from '../../model/generated/messages.ts';
import type { Seen } from '../store/shapes.ts';

/** Those by which commands end in practice. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
};

/** A status as the system call wait tells it. */
export function exitWords(status: number | null): string {
  if (status === null) {
    return 'The command has ended; how is not known.';
  }
  const signal = status & 0x7f;
  if (signal === 0) {
    return `The command has ended with exit code ${status >> 8}.`;
  }
  const name = SIGNALS[signal];
  return `The command was ended by signal ${signal}${name === undefined ? '' : ` (${name})`}.`;
}

/** The ids of a container and those above it, with dots between them. */
export function containerPath({ value = '', parent }: Seen<ContainerID>): string {
  return parent === undefined ? value : `${containerPath(parent)}.${value}`;
}

/** The container that a task was last said to be in. */
export function containerOf({ statuses = [] }: Seen<Task>): string | undefined {
  const id = statuses.findLast(({ container_status }) => container_status?.container_id?.value)
    ?.container_status?.container_id;
  return id === undefined ? undefined : containerPath(id);
}
