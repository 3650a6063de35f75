// What the master knows of processes that authenticate, or have.
import { Attempts } from './attempts.ts';
import { AuthenticatedProcesses } from './processes.ts';

export interface Authentication {
  readonly attempts: Attempts;
  readonly processes: AuthenticatedProcesses;
  /** Number of the next attempt. */
  next: number;
}

export const createAuthentication = (): Authentication => ({
  attempts: new Attempts(),
  processes: new AuthenticatedProcesses(),
  next: 1,
});
