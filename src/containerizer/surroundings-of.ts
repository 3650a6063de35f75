// What a session in a container shares with it, as it is now.
import { parentOf } from '../model/container-id.ts';
import type { ContainerId } from '../model/ids.ts';
import { ContainerizerError } from './containerizer-error.ts';
import type { Containers } from './containers.ts';
import type { Users } from './host/users.ts';
import type { Launcher } from './launchers/launcher.ts';
import { besideTask } from './plan/beside-task.ts';
import type { SessionSurroundings } from './plan/request.ts';
import type { RunRecords } from './records/run-records.ts';

interface Knowing {
  readonly containers: Pick<Containers, 'get'>;
  readonly users: Users;
  readonly launcher: Pick<Launcher, 'environment' | 'ownDirectory'>;
  readonly records: RunRecords;
}

/** A session in a session looks into the same container. Rejects with ContainerizerError. */
export async function surroundingsOf(id: ContainerId, of: Knowing): Promise<SessionSurroundings> {
  const node = of.containers.get(id);
  if (node === undefined) {
    throw new ContainerizerError(`Parent container ${id} does not exist`);
  }
  const parent = parentOf(id);
  if (node.kind === 'debug' && parent !== undefined) {
    return surroundingsOf(parent, of);
  }
  const owner = node.user === undefined ? undefined : await of.users.identity(node.user);
  return {
    container: id,
    sandbox: node.sandbox,
    owner: owner?.uid,
    ownDirectory: of.launcher.ownDirectory(id),
    // The process of one without a command has another, and a later agent sees no other.
    environment:
      notedEnvironment(id, of.records) ?? besideTask(node.kind, of.launcher.environment(id)),
  };
}

/** Of one without a command. Those of earlier versions have none on record. */
function notedEnvironment(
  id: ContainerId,
  records: RunRecords,
): Readonly<Record<string, string>> | undefined {
  const noted = records.noted(id, 'environment');
  return noted === undefined ? undefined : JSON.parse(noted);
}
