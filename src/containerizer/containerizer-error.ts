// A container failed. The text goes to the framework, so it is for the framework's user.
import { errorText } from '../model/error-text.ts';
import type { TaskStatus_Reason } from '../model/generated/messages.ts';

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
    super(text, options);
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
