// A URI could not be fetched: the text is Mesos's, with our detail.
import { ContainerizerError } from '../containerizer-error.ts';
import { explained } from '../downloads/http-failure.ts';

export class FetchError extends ContainerizerError {
  readonly detail: string | undefined;
  /** The last output of the program that failed. It is in the sandbox's `stderr` already. */
  readonly said: string | undefined;
  /** Whether the fault is with the place that the file was to have here, not with who sends it. */
  readonly isHere: boolean;

  constructor(
    text: string,
    options: ErrorOptions & {
      readonly detail?: string | undefined;
      readonly said?: string;
      readonly isHere?: boolean;
    } = {},
  ) {
    super(text, options);
    this.detail = options.detail;
    this.said = options.said || undefined;
    this.isHere = options.isHere ?? false;
  }
}

/** What a download failed of, in libcurl's words, which people search for, and its cause. */
export const downloadError = (text: string, detail: string, cause?: unknown) =>
  new FetchError(`Error downloading resource: ${text}`, { detail, cause });

/** As a FetchError; `hasBegun` says whether a part of the file has come. */
export function fetchErrorOf(error: unknown, hasBegun: boolean): FetchError {
  if (error instanceof FetchError) {
    return error;
  }
  const { message, detail } = explained(error, hasBegun);
  return downloadError(message, detail, error);
}
