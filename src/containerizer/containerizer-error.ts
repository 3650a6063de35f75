// What goes wrong in the world of containers: told to the framework, so the text is for its user.
import type { TaskStatus_Reason } from '../model/generated/messages.ts';

export class ContainerizerError extends Error {
  readonly code = 'MESOSCALE_CONTAINER';
  /** What kind of failure it is, where it is not one to launch. */
  readonly reason: TaskStatus_Reason | undefined;
  /**
   * Whether it is known that nothing of the task has ever begun: then it is dropped, not failed.
   */
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

/**
 * How a process would have ended is not known: it was ended with its spawner, or with its
 * container.
 */
export class UnknownEndError extends ContainerizerError {}
