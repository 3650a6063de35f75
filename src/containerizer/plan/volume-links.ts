// The persistent volumes among a container's resources, and their names in its sandbox.
import { resolve } from 'node:path';
import { type Resource, Volume_Mode } from '../../model/generated/messages.ts';
import { persistentVolumeFields, refusalOf } from '../../model/launch-fields.ts';
import { isPersistentVolume } from '../../model/resource-format.ts';
import { type VolumePlace, volumePlace } from '../../model/volume-path.ts';
import { ContainerizerError } from '../containerizer-error.ts';

export interface VolumeLink {
  /** An absolute path. */
  readonly target: string;
  readonly kind: VolumePlace['kind'];
  readonly isShared: boolean;
  /** How the container finds it by its name. */
  readonly access: VolumeAccess;
  readonly isReadOnly: boolean;
}

/** A link needs no privileges, and works for containers that run already. */
export type VolumeAccess = 'link' | 'mount';

/** By their names in the sandbox. */
export type VolumeLinks = ReadonlyMap<string, VolumeLink>;

/** Throws ContainerizerError where there can be no volumes of such names. */
export function volumeLinks(
  workDirectory: string,
  resources: readonly Resource[],
  access: VolumeAccess = 'link',
): VolumeLinks {
  const links = new Map<string, VolumeLink>();
  for (const resource of resources.filter(isPersistentVolume)) {
    const { persistence, volume } = resource.disk ?? {};
    const refusal =
      volume &&
      refusalOf(persistentVolumeFields, volume, {
        prefix: 'resources.disk.volume.',
        isolators: access === 'mount' ? ['filesystem/linux'] : [],
      });
    if (refusal !== undefined) {
      throw new ContainerizerError(refusal);
    }
    const name = requireName(persistence?.id ?? '', volume?.container_path ?? '');
    const place = volumePlace(resource);
    if (place === undefined) {
      throw new ContainerizerError(
        `Persistent volume '${persistence?.id}' is on a kind of disk that is not supported`,
      );
    }
    const target = resolve(workDirectory, place.path);
    const other = links.get(name)?.target ?? target;
    if (other !== target) {
      throw new ContainerizerError(
        `Persistent volumes '${other}' and '${target}' have the same container path '${name}'`,
      );
    }
    links.set(name, {
      target,
      kind: place.kind,
      isShared: resource.shared !== undefined,
      access,
      isReadOnly: volume?.mode === Volume_Mode.RO,
    });
  }
  return links;
}

/** Of the volumes that are linked, by their names. */
export const linkTargets = (volumes: VolumeLinks): ReadonlyMap<string, string> =>
  new Map(
    [...volumes].flatMap(([name, { access, target }]) =>
      access === 'link' ? [[name, target] as const] : [],
    ),
  );

function requireName(id: string, name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new ContainerizerError(
      `Container path '${name}' of persistent volume '${id}' is not a plain name in the sandbox`,
    );
  }
  return name;
}
