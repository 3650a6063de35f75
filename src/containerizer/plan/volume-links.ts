// The persistent volumes among a container's resources, and the names of their links in its
// sandbox.
import { resolve } from 'node:path';
import type { Resource } from '../../model/generated/messages.ts';
import { persistentVolumeFields, refusalOf } from '../../model/launch-fields.ts';
import { isPersistentVolume } from '../../model/resource-format.ts';
import { type VolumePlace, volumePlace } from '../../model/volume-path.ts';
import { ContainerizerError } from '../containerizer-error.ts';

export interface VolumeLink {
  /** An absolute path. */
  readonly target: string;
  readonly kind: VolumePlace['kind'];
  readonly isShared: boolean;
}

/** Links by their names in the sandbox. */
export type VolumeLinks = ReadonlyMap<string, VolumeLink>;

/** Throws ContainerizerError where such links cannot be made. */
export function volumeLinks(workDirectory: string, resources: readonly Resource[]): VolumeLinks {
  const links = new Map<string, VolumeLink>();
  for (const resource of resources.filter(isPersistentVolume)) {
    const { persistence, volume } = resource.disk ?? {};
    const refusal =
      volume && refusalOf(persistentVolumeFields, volume, { prefix: 'resources.disk.volume.' });
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
    links.set(name, { target, kind: place.kind, isShared: resource.shared !== undefined });
  }
  return links;
}

function requireName(id: string, name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    throw new ContainerizerError(
      `Container path '${name}' of persistent volume '${id}' is not a plain name in the sandbox`,
    );
  }
  return name;
}
