// What a master may still hear of: after a start it knows tasks, and frameworks that are away, once
// the agents are back on which they are.
import { CommandError, EXIT } from '../outcome.ts';
import type { Cluster } from './cluster.ts';
import { NothingNamedError } from './named.ts';
import { awaitedText, knownAgentsOf } from './things.ts';

/**
 * What `find` finds. Rejects with CommandError. Where agents are awaited it is not sure that there
 * is nothing of a name, and neither the words nor the exit status say that it is.
 */
export async function foundOrAwaited<T>(cluster: Cluster, find: () => T): Promise<T> {
  try {
    return find();
  } catch (error) {
    if (error instanceof NothingNamedError) {
      const awaited = awaitedText(await knownAgentsOf(cluster));
      if (awaited !== undefined) {
        throw new CommandError(
          EXIT.unreachable,
          `${error.message}; but ${awaited} since the master began, and it may be there: try again then`,
        );
      }
    }
    throw error;
  }
}
