// Why something could not be fetched: in Mesos's words, with what is known besides.
import { ContainerizerError } from './containerizer-error.ts';

export class FetchError extends ContainerizerError {
  readonly detail: string | undefined;

  constructor(text: string, options: ErrorOptions & { readonly detail?: string } = {}) {
    super(text, options);
    this.detail = options.detail;
  }
}
