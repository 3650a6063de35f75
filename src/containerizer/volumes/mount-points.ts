// What must be on the host before volumes are mounted. Paths of the host are looked at only where
// they are the operator's, or absolute paths that a container asks for.
import { access, mkdir, realpath } from 'node:fs/promises';
import { relative } from 'node:path';
import { Folder } from '../../filesystem/folder.ts';
import { isWithin, pathNames } from '../../model/paths.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { mountOf } from '../host/mounts.ts';
import { isRootOf } from '../plan/place.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import type { VolumeMount } from '../plan/volume-mounts.ts';

/**
 * A container that sees the machine's files gets no new paths in them: what is mounted outside its
 * sandbox is mounted on something that is there. Rejects with ContainerizerError.
 */
export async function requireMountPoint(
  { rootfs, user }: Pick<ContainerPlan, 'rootfs' | 'user'>,
  { target }: Pick<VolumeMount, 'target'>,
): Promise<void> {
  if (
    rootfs === undefined &&
    target.below.length === 0 &&
    // To others the launcher says the same of what is not there and of what is closed to them.
    isRootOf(user) &&
    !(await exists(target.top))
  ) {
    throw new ContainerizerError(
      `Mount point '${target.top}' is an absolute path. It must exist if the container shares the ` +
        'host filesystem',
    );
  }
}

/** What the container mounts is seen on the host only there. Rejects with ContainerizerError. */
export async function requireShared(path: string): Promise<void> {
  const mount = mountOf(await realpath(path));
  if (mount?.isShared !== true) {
    throw new ContainerizerError(
      `Cannot setup bidirectional mount propagation for host path '${path}' because it is not ` +
        'under a shared mount',
    );
  }
}

/** The same for all volumes of these kinds. */
export async function requireMountPoints(
  plan: Pick<ContainerPlan, 'rootfs' | 'user' | 'volumeMounts'>,
  kinds: readonly VolumeMount['source']['kind'][],
): Promise<void> {
  for (const mount of plan.volumeMounts.filter(({ source }) => kinds.includes(source.kind))) {
    await requireMountPoint(plan, mount);
  }
}

/**
 * Makes a folder of the host, where the operator lets containers do so: below one of `allowed`.
 * Rejects with ContainerizerError where it is missing, and must not be made.
 */
export async function requireHostPath(
  path: string,
  allowed: readonly string[] | undefined,
  user?: string,
): Promise<void> {
  const top = allowed?.find((folder) => isNormalWithin(path, folder));
  if ((top === undefined && !isRootOf(user)) || (await exists(path))) {
    return;
  }
  const missing = `Path '${path}' in HOST_PATH volume does not exist`;
  if (allowed === undefined) {
    throw new ContainerizerError(missing);
  }
  if (top === undefined) {
    throw new ContainerizerError(
      `${missing} and is not whitelisted for creation: Path '${path}' is not whitelisted`,
    );
  }
  try {
    await mkdir(top, { recursive: true, mode: 0o755 });
    await makeBeneath(top, relative(top, path).split('/').filter(Boolean));
  } catch (error) {
    throw new ContainerizerError(
      `Failed to create the host path at '${path}': ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Users may have put links below the operator's folder: none is followed. */
async function makeBeneath(top: string, names: readonly string[]): Promise<void> {
  let here = await Folder.open(top);
  for (const name of names) {
    await using above = here;
    await above.makeFolder(name, 0o755);
    here = await above.folder(name);
  }
  await here[Symbol.asyncDispose]();
}

/** The path has no `..` on its way: one that is not normal is not allowed. */
const isNormalWithin = (path: string, folder: string): boolean =>
  isWithin(path, folder.replace(/\/+$/, '')) && !pathNames(path).includes('..');

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
