// Which files of the host a container of type DOCKER may have. It runs as whom its image says, and
// root without any capability still owns root's files: so where the operator bounds what containers
// can do, they are for those whose framework's user is root.
import { isAtOrBelow, pathNames } from '../../../model/paths.ts';
import { isRootOf } from '../place.ts';
import { dockerError } from './docker-error.ts';

interface Allowed {
  /** Whether there are --bounding_capabilities. */
  readonly isBounded: boolean;
  readonly isIpcSharingAllowed: boolean;
}

/** Where the machine's IPC is in its files. */
const IPC = ['/dev/shm', '/dev/mqueue'];

/** `paths`: of the host. `user`: the framework's. Throws ContainerizerError. */
export function requireHostFiles(
  paths: readonly string[],
  user: string | undefined,
  { isBounded, isIpcSharingAllowed }: Allowed,
): void {
  const [first] = paths;
  if (isBounded && first !== undefined && !isRootOf(user)) {
    throw dockerError(
      `the volume '${first}' of the host is not allowed for '${user}': the agent has ` +
        '--bounding_capabilities, with which only frameworks whose user is root have these',
    );
  }
  const shared = paths.find((path) => {
    const normal = `/${pathNames(path).join('/')}`;
    return IPC.some((it) => isAtOrBelow(normal, it));
  });
  if (shared !== undefined && !isIpcSharingAllowed) {
    throw dockerError(
      `the volume '${shared}' of the host is not allowed: --disallow_sharing_agent_ipc_namespace`,
    );
  }
}
