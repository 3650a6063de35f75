// What a container is for and where it is: what those nested in it, and later agents, must know.
import type { Resource } from '../../model/generated/messages.ts';

/**
 * For an executor, for a task of an executor's group, or for whoever asked by a call of the API;
 * `debug` is one of those that looks into its parent.
 */
export type ContainerKind = 'executor' | 'task' | 'standalone' | 'nested' | 'debug';

export interface Place {
  readonly kind: ContainerKind;
  /** Relative to the work directory. */
  readonly sandbox: string;
  /** The user that it runs as; absent: the agent's own. */
  readonly user?: string | undefined;
  /** Whether it ends with its agent. */
  readonly isBound: boolean;
  /** What it may use; that of an executor changes with its tasks, and is known to the agent. */
  readonly resources: readonly Resource[];
}

/** Whether this user of a container is root, where the agent is: undefined is the agent's own. */
export const isRootOf = (user: string | undefined): boolean =>
  user === undefined || user === 'root';

/**
 * Whether the sandbox of a container of a user is safe in that of another one: a user may put
 * anything in the place of what lies in his own, and root does not.
 */
export const isSafeIn = (owner: string | undefined, user: string | undefined): boolean =>
  isRootOf(owner) || owner === user;
