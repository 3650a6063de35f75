// What the master knows of processes that authenticate, or have.
import { GuessBounds } from '../../security/guess-bounds.ts';
import { Attempts } from './attempts.ts';
import { AuthenticatedProcesses } from './processes.ts';

export interface Authentication {
  readonly attempts: Attempts;
  readonly processes: AuthenticatedProcesses;
  readonly guesses: GuessBounds;
  /** Number of the next attempt. */
  next: number;
}

export const createAuthentication = (): Authentication => ({
  attempts: new Attempts(),
  processes: new AuthenticatedProcesses(),
  guesses: new GuessBounds(),
  next: 1,
});
