// namespaces/pid: containers have process ids of their own, and see no other processes.
import { parentOf } from '../../model/container-id.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { mountedOver, PROC } from '../plan/own-files.ts';
import { containerInfoOf } from '../plan/request.ts';
import type { NamespaceOf } from '../plan/surroundings.ts';
import type { Isolator } from './isolator.ts';

/** `isSharingAllowed`: whether containers may have the agent's process ids, if they ask. */
export const namespacesPid = (isSharingAllowed: boolean): Isolator => ({
  name: 'namespaces/pid',
  contribute(plan, request) {
    const isShared = containerInfoOf(request)?.linux_info?.share_pid_namespace === true;
    const isNested = parentOf(plan.id) !== undefined;
    if (isShared && !isNested && !isSharingAllowed) {
      throw new ContainerizerError(
        'Sharing agent pid namespace with top-level container is not allowed',
      );
    }
    const pid: NamespaceOf = isShared ? (isNested ? 'parent' : 'agent') : 'own';
    return pid === 'agent'
      ? plan
      : {
          ...plan,
          namespaces: { ...plan.namespaces, mount: 'own', pid },
          mounts: mountedOver(plan.mounts, PROC),
        };
  },
});
