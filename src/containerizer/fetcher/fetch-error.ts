// A URI could not be fetched: the text is Mesos's, with our detail.
import { ContainerizerError } from '../containerizer-error.ts';

export class FetchError extends ContainerizerError {
  readonly detail: string | undefined;
  /** The last output of the program that failed. It is in the sandbox's `stderr` already. */
  readonly said: string | undefined;

  constructor(
    text: string,
    options: ErrorOptions & { readonly detail?: string; readonly said?: string } = {},
  ) {
    super(text, options);
    this.detail = options.detail;
    this.said = options.said || undefined;
  }
}
