// namespaces/ipc: System V IPC, message queues and /dev/shm of a container's own, or those of the
// container that it is nested in.
import { parentOf } from '../../model/container-id.ts';
import { type LinuxInfo, LinuxInfo_IpcMode as Mode } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
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
    if (ipc === 'agent') {
      return plan;
    }
    const namespaces = { ...plan.namespaces, mount: 'own', ipc } as const;
    // Without a mode, a container on the machine's files sees the machine's /dev/shm all the same.
    const mounts = isPrivate ? [...plan.mounts, shm(info, shmBytes)] : plan.mounts;
    return { ...plan, namespaces, mounts };
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

function shm({ shm_size }: LinuxInfo, defaultBytes: number | undefined): Mount {
  const bytes = shm_size === undefined ? defaultBytes : shm_size * MIB;
  return {
    source: 'shm',
    target: '/dev/shm',
    type: 'tmpfs',
    options: [
      ...['nosuid', 'nodev', 'noexec', 'mode=1777'],
      ...(bytes === undefined ? [] : [`size=${bytes}`]),
    ],
  };
}
