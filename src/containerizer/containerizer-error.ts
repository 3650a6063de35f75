// A container failed. The text goes to the framework, so it is for the framework's user.
import { errorText } from '../model/error-text.ts';
import type { TaskStatus_Reason } from '../model/generated/messages.ts';

/**
 * Characters of a text. It may quote what an image or a task says, whatever its length, and has to
 * fit into a status that the master takes.
 */
const MOST_TEXT = 16 * 1024;

export class ContainerizerError extends Error {
  readonly code = 'MESOSCALE_CONTAINER';
  /** The reason, if it is another than a failed launch. */
  readonly reason: TaskStatus_Reason | undefined;
  /** Whether nothing of the task has begun for sure: then the task is dropped and not failed. */
  readonly isDropped: boolean;

  constructor(
    text: string,
    options: ErrorOptions & {
      readonly reason?: TaskStatus_Reason;
      readonly isDropped?: boolean;
    } = {},
  ) {
    super(text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT).toWellFormed()}…` : text, options);
    this.reason = options.reason;
    this.isDropped = options.isDropped ?? false;
  }
}

/** A ContainerizerError as it is; of any other error one whose text begins with `what` failed. */
export const containerizerErrorOf = (error: unknown, what: string): ContainerizerError =>
  error instanceof ContainerizerError
    ? error
    : new ContainerizerError(`${what}: ${errorText(error)}`, { cause: error });

/**
 * The exit status of a process is unknown: the process ended together with its spawner or its
 * container.
 */
export class UnknownEndError extends ContainerizerError {}
