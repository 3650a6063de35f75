// What goes wrong in the world of containers: told to the framework, so the text is for its user.
import type { TaskStatus_Reason } from '../model/generated/messages.ts';

export class ContainerizerError extends Error {
  readonly code = 'MESOSCALE_CONTAINER';
  /** What kind of failure it is, where it is not one to launch. */
  readonly reason: TaskStatus_Reason | undefined;

  constructor(text: string, options: ErrorOptions & { readonly reason?: TaskStatus_Reason } = {}) {
    super(text, options);
    this.reason = options.reason;
  }
}
