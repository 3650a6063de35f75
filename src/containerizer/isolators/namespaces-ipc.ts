// namespaces/ipc: System V IPC, message queues and /dev/shm of a container's own, or those of the
// container that it is nested in.
import { parentOf } from '../../model/container-id.ts';
import { type LinuxInfo, LinuxInfo_IpcMode as Mode } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { boundShm, mountedOver, shm } from '../plan/own-files.ts';
import { containerInfoOf } from '../plan/request.ts';
import type { Mount, NamespaceOf } from '../plan/surroundings.ts';
import type { Isolator } from './isolator.ts';

export interface IpcOptions {
  /** Whether containers may have the agent's IPC namespace, if they ask. */
  readonly isSharingAllowed: boolean;
  /** The size of /dev/shm where a container does not say; undefined: the kernel's default. */
  readonly shmBytes: number | undefined;
}

export const DEFAULT_IPC_OPTIONS: IpcOptions = { isSharingAllowed: true, shmBytes: undefined };

export const namespacesIpc = ({ isSharingAllowed, shmBytes }: IpcOptions): Isolator => ({
  name: 'namespaces/ipc',
  contribute(plan, request) {
    const info = containerInfoOf(request)?.linux_info;
    const isPrivate = info?.ipc_mode === Mode.PRIVATE;
    if (info?.shm_size !== undefined && !isPrivate) {
      throw new ContainerizerError(
        'Only support specifying the size of /dev/shm when the IPC mode is `PRIVATE`',
      );
    }
    if (info?.shm_size === 0) {
      throw new ContainerizerError(
        "'linux_info.shm_size' must be positive: /dev/shm of size 0 would be one without a limit",
      );
    }
    const ipc = namespaceFor(info?.ipc_mode, parentOf(plan.id) !== undefined);
    if (ipc === 'agent' && !isSharingAllowed) {
      throw new ContainerizerError(
        'Sharing agent IPC namespace with top-level container is not allowed',
      );
    }
    // Without a mode, a container on the machine's files sees the machine's /dev/shm all the same,
    // and one with files of its own has its own.
    const isShared = info?.ipc_mode === Mode.SHARE_PARENT && plan.rootfs !== undefined;
    const mount = isPrivate ? privateShm(info, shmBytes) : isShared ? boundShm : undefined;
    const mounts = mount === undefined ? plan.mounts : mountedOver(plan.mounts, mount);
    return ipc === 'agent'
      ? { ...plan, mounts }
      : { ...plan, namespaces: { ...plan.namespaces, mount: 'own', ipc }, mounts };
  },
});

function namespaceFor(mode: Mode | undefined, isNested: boolean): NamespaceOf {
  switch (mode) {
    case Mode.PRIVATE:
      return 'own';
    case Mode.SHARE_PARENT:
      return isNested ? 'parent' : 'agent';
    case Mode.UNKNOWN:
    case undefined:
      return isNested ? 'parent' : 'own';
  }
}

const MIB = 2 ** 20;

function privateShm({ shm_size }: LinuxInfo, defaultBytes: number | undefined): Mount {
  const bytes = shm_size === undefined ? defaultBytes : shm_size * MIB;
  return shm(['noexec', ...(bytes === undefined ? [] : [`size=${bytes}`])]);
}
