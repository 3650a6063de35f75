// What the master knows of processes that authenticate, or have.
import { AuthenticatedProcesses } from './processes.ts';

/** An attempt that is under way. */
export interface Handshake {
  /** The id of the master's process for it. */
  readonly id: string;
  /** The pid of the process that answers challenges. */
  readonly peer: string;
  /** The pid that it asks to be authenticated. */
  readonly pid: string;
  readonly ip: string;
  /** Undefined before it is sent. */
  challenge: string | undefined;
}

export interface Authentication {
  /** By the id of the master's process, by the pid to be authenticated; counted by IP address. */
  readonly handshakes: {
    readonly byId: Map<string, Handshake>;
    readonly byPid: Map<string, Handshake>;
    readonly byIp: Map<string, number>;
  };
  readonly processes: AuthenticatedProcesses;
  /** Number of the next attempt. */
  next: number;
}

export const createAuthentication = (): Authentication => ({
  handshakes: { byId: new Map(), byPid: new Map(), byIp: new Map() },
  processes: new AuthenticatedProcesses(),
  next: 1,
});
