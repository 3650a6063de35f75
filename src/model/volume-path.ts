// Where the data of persistent volumes lives on an agent.
import type { Resource } from './generated/messages.ts';
import { reservationRole } from './resource-format.ts';

/**
 * The directory of a persistent volume, relative to the agent's work directory. Undefined for other
 * resources, and for volumes on a disk of their own (a path or mount that the operator has named).
 */
export function volumePath(resource: Resource): string | undefined {
  const { persistence, source } = resource.disk ?? {};
  if (persistence === undefined || source !== undefined) {
    return undefined;
  }
  // A slash would make the volumes of `a` and of `a/b` share a folder.
  const role = reservationRole(resource).replaceAll('/', ' ');
  return `volumes/roles/${role}/${persistence.id}`;
}
