// What a container's process sees of the machine: namespaces, its root file system, mounts,
// devices, and system calls. Launchers without namespaces have none of this.

import type { RootFileSystem } from '../images/provisioner.ts';
import type { CgroupView } from './cgroup-plan.ts';
import type { Seccomp } from './seccomp-profile.ts';

/** A mount within the container's own mount namespace. */
export interface Mount {
  /** For a bind mount, an absolute path on the machine; otherwise what the file system takes. */
  readonly source: string;
  /** An absolute path in the container. */
  readonly target: string;
  /** `bind`, or a type of file system that the kernel knows. */
  readonly type: string;
  /** In the words of mount(8), such as `ro`, `rbind` or `size=64m`. */
  readonly options: readonly string[];
}

/** A device node of the container. */
export interface Device {
  /** An absolute path in the container. */
  readonly path: string;
  readonly kind: 'character' | 'block';
  readonly major: number;
  readonly minor: number;
  /** The permissions of the node, such as 0o666. */
  readonly mode: number;
  /** What the container may do with it; undefined: what the node lets any user do, and make it. */
  readonly access?: DeviceAccess | undefined;
}

export interface DeviceAccess {
  readonly read: boolean;
  readonly write: boolean;
  readonly mknod: boolean;
}

/** A device of the machine that an operator lets containers use. */
export interface AllowedDevice extends Omit<Device, 'mode'> {
  readonly access: DeviceAccess;
}

/** OCI's names. The others (user, cgroup) are the agent's. */
export const NAMESPACE_KINDS = ['mount', 'pid', 'ipc', 'network', 'uts'] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

/**
 * Whose namespace a container is in: the agent's; one of its own; or that of the container it is
 * nested in.
 */
export type NamespaceOf = 'agent' | 'own' | 'parent';

export type Namespaces = Readonly<Record<NamespaceKind, NamespaceOf>>;

export const hasOwnNamespaces = (namespaces: Namespaces): boolean =>
  NAMESPACE_KINDS.some((kind) => namespaces[kind] === 'own');

export interface Surroundings {
  readonly namespaces: Namespaces;
  /**
   * The file of the network namespace, where that is the container's own; undefined: a new one, in
   * which there is nothing.
   */
  readonly networkNamespace: string | undefined;
  /** What the container calls its machine; only in a `uts` namespace of its own. */
  readonly hostname: string | undefined;
  /** The container's own files; undefined: those of the machine. */
  readonly rootfs: RootFileSystem | undefined;
  /** Whether nothing can be written to these, whatever they are. */
  readonly isRootReadOnly: boolean;
  /** In the order in which they are made; only in a mount namespace of the container's own. */
  readonly mounts: readonly Mount[];
  /** What a container with files of its own sees below /sys/fs/cgroup, and cannot change. */
  readonly cgroupViews: readonly CgroupView[];
  /** Besides the usual ones; made in a root file system of the container's own. */
  readonly devices: readonly Device[];
  /** Undefined: all system calls that the agent's own processes may make. */
  readonly seccomp: Seccomp | undefined;
  /** Paths in the container that show nothing. */
  readonly maskedPaths: readonly string[];
  /** Paths in the container that cannot be written to. */
  readonly readonlyPaths: readonly string[];
}

/** Of a container that sees what the agent sees. */
export const AGENT_SURROUNDINGS: Surroundings = {
  namespaces: { mount: 'agent', pid: 'agent', ipc: 'agent', network: 'agent', uts: 'agent' },
  networkNamespace: undefined,
  hostname: undefined,
  rootfs: undefined,
  isRootReadOnly: false,
  mounts: [],
  cgroupViews: [],
  devices: [],
  seccomp: undefined,
  maskedPaths: [],
  readonlyPaths: [],
};
