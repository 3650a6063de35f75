// A kill in progress, as it is written down for the executor of a later agent.
export interface RememberedKill {
  /** When the task is killed outright. */
  readonly deadlineMs: number;
  readonly cause: KillCause;
}

const KILL_CAUSES = ['asked', 'unhealthy', 'completionTime'] as const;
export type KillCause = (typeof KILL_CAUSES)[number];

/** The record of a kill. */
export const killText = (kill: RememberedKill) => JSON.stringify(kill);

/** Reads what `killText` has written; undefined: that is no kill. */
export function killOf(text: string): RememberedKill | undefined {
  let found: Partial<Readonly<Record<keyof RememberedKill, unknown>>> | null;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  const cause = KILL_CAUSES.find((known) => known === found?.cause);
  const deadlineMs = found?.deadlineMs;
  return cause !== undefined && typeof deadlineMs === 'number' && Number.isFinite(deadlineMs)
    ? { deadlineMs, cause }
    : undefined;
}
