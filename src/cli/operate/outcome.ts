// How operators' commands end: their exit statuses, and the words for what has failed.
import { CallRefusedError } from '../../http/client/scheduler-client.ts';
import { formatDuration } from '../../model/duration.ts';
import { FlagError } from '../flags/faults.ts';

/** Each has a row in docs/commands.md. */
export const EXIT = {
  done: 0,
  /** What was asked for has failed, or is refused. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** There is nothing of that name, or more than one. */
  notFound: 3,
  /** Who asks may not do that, or has not said who that is. */
  notAllowed: 4,
  /** No master, or no agent, answers. */
  unreachable: 5,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with a line on standard error. */
export class CommandError extends Error {
  readonly code = 'MESOSCALE_COMMAND';
  readonly status: ExitStatus;

  constructor(status: ExitStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whether an error says that a server was not reached, or is no longer. */
export function isUnreached(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return (
    error instanceof Error &&
    typeof code === 'string' &&
    (/^MESOSCALE_(?:LATE|NO_ANSWER)/.test(code) || CONNECTION_CODES.test(code))
  );
}

/** Whether it is one of these that came of a limit of time: that of --timeout. */
export const isLate = (error: unknown): boolean =>
  /^MESOSCALE_LATE/.test(String((error as { readonly code?: unknown }).code));

/** Who has not answered what, for how long, and what changes that. */
export const lateText = (who: string, what: string, timeoutMs: number): string =>
  `${who} has not answered ${what} within ${formatDuration(timeoutMs)}; ` +
  '--timeout sets how long an answer may take';

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const MISSING = 404;
const TOO_MANY = 429;

/** The connection broke, or there was none; libraries and the system name it so. */
const CONNECTION_CODES = /^(?:E[A-Z]+|UND_ERR_.*|HPE_.*|ERR_(?:SSL|TLS)_.*|[A-Z_]*CERT[A-Z_]*)$/;

/**
 * An error as who has given the command should read it. Anything that is no error of the world is
 * thrown again: it is a bug.
 */
export function outcomeOf(error: unknown): CommandError {
  if (error instanceof CommandError) {
    return error;
  }
  if (error instanceof FlagError) {
    return new CommandError(EXIT.usage, error.message);
  }
  if (error instanceof CallRefusedError) {
    return new CommandError(statusOf(error.status), refusal(error));
  }
  const { code } = error as { readonly code?: unknown };
  if (error instanceof Error && typeof code === 'string') {
    return isUnreached(error)
      ? new CommandError(EXIT.unreachable, error.message)
      : new CommandError(EXIT.failed, error.message);
  }
  throw error;
}

function statusOf(status: number): ExitStatus {
  switch (status) {
    case UNAUTHORIZED:
    case FORBIDDEN:
    case TOO_MANY:
      return EXIT.notAllowed;
    case MISSING:
      return EXIT.notFound;
    default:
      return EXIT.failed;
  }
}

function refusal({ status, message }: CallRefusedError): string {
  const text = message.trim() || `status ${status} without a word`;
  switch (status) {
    case UNAUTHORIZED:
      return `who asks is not known (${text}): say --principal and --secret, or use a context`;
    case FORBIDDEN:
      return `not allowed (${text}): --acls of the master decide; the --audit_log of one of Mesoscale tells by which rule`;
    default:
      return text;
  }
}
