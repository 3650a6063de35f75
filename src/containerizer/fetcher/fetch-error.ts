// Why something could not be fetched: in Mesos's words, with what is known besides.
import { ContainerizerError } from '../containerizer-error.ts';

export class FetchError extends ContainerizerError {
  readonly detail: string | undefined;
  /** What the program that failed has said in the sandbox, which need not be told there again. */
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
