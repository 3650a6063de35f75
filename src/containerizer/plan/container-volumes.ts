// The volumes that a ContainerInfo asks for, in one form: `host_path` of the first versions of
// Mesos, and `source` of later ones.
import {
  type ContainerInfo,
  type Image,
  MountPropagation_Mode,
  type Secret,
  Secret_Type,
  type Volume,
  Volume_Mode,
  Volume_Source_SandboxPath_Type,
  Volume_Source_Type,
} from '../../model/generated/messages.ts';
import { pathNames } from '../../model/paths.ts';
import { ContainerizerError } from '../containerizer-error.ts';

/**
 * What is mounted in a volume later: what the host mounts is seen in the container (`in`), and what
 * the container mounts on the host, too (`both`).
 */
export type Propagation = 'in' | 'both';

/** Where the content comes from, for each kind of volume. */
interface Sources {
  readonly host: {
    /** An absolute path on the host. */
    readonly path: string;
    readonly propagation: Propagation | undefined;
  };
  readonly sandbox: {
    /** The container's own sandbox, or that of the container it is nested in. */
    readonly of: 'self' | 'parent';
    /** The names on the way from that sandbox to the content. */
    readonly names: readonly string[];
  };
  readonly secret: { readonly data: Uint8Array };
  readonly image: { readonly image: Image };
}

export const VOLUME_KINDS = [
  'host',
  'sandbox',
  'secret',
  'image',
] as const satisfies (keyof Sources)[];
export type VolumeKind = (typeof VOLUME_KINDS)[number];

export interface ContainerVolume<K extends VolumeKind> {
  readonly source: Sources[K];
  /**
   * Where the container finds it: an absolute path in its file system, or names on the way from its
   * sandbox.
   */
  readonly target: string | readonly string[];
  readonly isReadOnly: boolean;
}

/** Each costs a mount, or a link. */
const MAX_VOLUMES = 1000;

/**
 * The volumes of one kind. Throws ContainerizerError where one of them cannot be had anywhere, in
 * Mesos's words where it has some.
 */
export function volumesOfKind<K extends VolumeKind>(
  info: ContainerInfo | undefined,
  kind: K,
): readonly ContainerVolume<K>[] {
  const volumes = info?.volumes ?? [];
  if (volumes.length > MAX_VOLUMES) {
    throw new ContainerizerError(
      `The container has ${volumes.length} volumes, of at most ${MAX_VOLUMES}`,
    );
  }
  return volumes
    .filter((volume) => kindOf(volume) === kind)
    .map((volume) => ({
      source: SOURCES[kind](volume),
      target: targetOf(volume.container_path),
      isReadOnly: volume.mode === Volume_Mode.RO,
    }));
}

function kindOf({ host_path, image, source }: Volume): VolumeKind | undefined {
  if (host_path !== undefined) {
    return host_path.startsWith('/') ? 'host' : 'sandbox';
  }
  if (image !== undefined) {
    return 'image';
  }
  switch (source?.type) {
    case Volume_Source_Type.HOST_PATH:
      return 'host';
    case Volume_Source_Type.SANDBOX_PATH:
      return 'sandbox';
    case Volume_Source_Type.SECRET:
      return 'secret';
    default:
      return undefined;
  }
}

const SOURCES: { readonly [K in VolumeKind]: (volume: Volume) => Sources[K] } = {
  host: ({ host_path, source }) => {
    const { path = '', mount_propagation: propagation } = source?.host_path ?? { path: host_path };
    if (!path.startsWith('/')) {
      throw new ContainerizerError(`Path '${path}' in HOST_PATH volume is not absolute`);
    }
    return {
      path: withoutNull(path),
      propagation: propagationOf(propagation?.mode),
    };
  },
  sandbox: ({ host_path, source }) => {
    const { path = '', type } = source?.sandbox_path ?? {
      path: host_path,
      type: Volume_Source_SandboxPath_Type.SELF,
    };
    if (path.startsWith('/')) {
      throw new ContainerizerError(`Path '${path}' in SANDBOX_PATH volume is absolute`);
    }
    return { of: sandboxOf(type), names: namesIn(path, 'Path') };
  },
  secret: ({ source }) => ({ data: secretOf(source?.secret) }),
  image: ({ image }) => {
    if (image === undefined) {
      throw new ContainerizerError("'image' of a volume is not set");
    }
    return { image };
  },
};

function propagationOf(mode: MountPropagation_Mode | undefined): Propagation | undefined {
  switch (mode) {
    case MountPropagation_Mode.BIDIRECTIONAL:
      return 'both';
    case MountPropagation_Mode.HOST_TO_CONTAINER:
      return 'in';
    default:
      return undefined;
  }
}

function sandboxOf(type: Volume_Source_SandboxPath_Type | undefined): 'self' | 'parent' {
  switch (type) {
    case Volume_Source_SandboxPath_Type.SELF:
      return 'self';
    case Volume_Source_SandboxPath_Type.PARENT:
      return 'parent';
    default:
      throw new ContainerizerError('Unknown SANDBOX_PATH volume type');
  }
}

function secretOf(secret: Secret | undefined): Uint8Array {
  if (secret?.type === Secret_Type.REFERENCE) {
    // Mesos's words: all secrets of a container are resolved together.
    throw new ContainerizerError(
      'Collect failed: Default secret resolver cannot resolve references',
    );
  }
  if (secret?.type !== Secret_Type.VALUE || secret.value === undefined) {
    throw new ContainerizerError(
      "Invalid secret specified in volume: 'secret.value' is not set, or its type is not VALUE",
    );
  }
  return secret.value.data;
}

function targetOf(path: string): string | readonly string[] {
  if (path.startsWith('/')) {
    // What `..` leads to depends on links on the way.
    if (path.split('/').includes('..')) {
      throw new ContainerizerError(`Container path '${path}' of a volume must not contain '..'`);
    }
    requireMountable(path);
    return withoutNull(path);
  }
  const names = namesIn(path, 'Container path');
  if (names.length === 1 && OUTPUT.has(names[0])) {
    throw new ContainerizerError(
      `Container path '${path}' of a volume is the file that takes the container's output`,
    );
  }
  return names;
}

/**
 * A container's own file systems are mounted there, and are its root. What is below /proc is the
 * kernel's, and other for each process; what is below /dev would be hidden by the devices. The
 * launcher judges the same by what links lead to (supervisor/volume-places.c).
 */
function requireMountable(path: string): void {
  const names = pathNames(path);
  const [top = ''] = names;
  if (top === '' || top === 'proc' || top === 'dev' || (top === 'sys' && names.length === 1)) {
    throw new ContainerizerError(
      `Container path '${path}' of a volume ('container.volumes.container_path') cannot be ` +
        "mounted on: a container's root, /sys, and all of /dev and /proc are not replaced",
    );
  }
}

const OUTPUT: ReadonlySet<string | undefined> = new Set(['stdout', 'stderr']);

/** Unlike in Mesos, no path leads out of a sandbox, where root would make folders for anyone. */
function namesIn(path: string, what: string): readonly string[] {
  const names = pathNames(withoutNull(path));
  if (names.includes('..')) {
    throw new ContainerizerError(`${what} '${path}' of a volume leads out of the sandbox`);
  }
  if (names.length === 0) {
    throw new ContainerizerError(`${what} '${path}' of a volume is the sandbox itself`);
  }
  return names;
}

function withoutNull(path: string): string {
  if (path.includes('\0')) {
    throw new ContainerizerError('The path of a volume contains a null character');
  }
  return path;
}
