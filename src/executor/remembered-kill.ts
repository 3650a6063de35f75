// A kill in progress, as it is stored for the executor of a later agent.
export interface RememberedKill {
  /** When it began, with SIGTERM. */
  readonly startedMs: number;
  /** When the task is killed with SIGKILL. */
  readonly deadlineMs: number;
  readonly cause: KillCause;
}

const KILL_CAUSES = ['asked', 'unhealthy', 'completionTime'] as const;
export type KillCause = (typeof KILL_CAUSES)[number];

/** The kill as text. */
export const killText = (kill: RememberedKill) => JSON.stringify(kill);

/** Reads the text of `killText`; undefined where it is no kill. */
export function killOf(text: string): RememberedKill | undefined {
  let found: Partial<Readonly<Record<keyof RememberedKill, unknown>>> | null;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  const cause = KILL_CAUSES.find((known) => known === found?.cause);
  const deadlineMs = timeOf(found?.deadlineMs);
  // A record of an earlier version has no beginning.
  const startedMs = timeOf(found?.startedMs) ?? deadlineMs;
  return cause === undefined || deadlineMs === undefined || startedMs === undefined
    ? undefined
    : { startedMs, deadlineMs, cause };
}

const timeOf = (value: unknown) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
