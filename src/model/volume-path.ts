// Where an agent keeps the data of persistent volumes.
import { type Resource, Resource_DiskInfo_Source_Type } from './generated/messages.ts';
import { isPersistentVolume, reservationRole } from './resource-format.ts';

/** Where a volume's data is: in a folder made for it, or on a disk mounted for it. */
export interface VolumePlace {
  /** Absolute, or relative to the agent's work directory. */
  readonly path: string;
  readonly kind: 'folder' | 'mount';
}

// A valid name of a folder, and nothing else: a path made of such names cannot leave its parent.
const FOLDER_NAME = /^(?!\.{1,2}$)[^/\0]+$/;

/**
 * The place of a persistent volume. Undefined for other resources, and for volumes that have no
 * folder on the agent, such as those of storage plugins.
 */
export function volumePlace(resource: Resource): VolumePlace | undefined {
  const { persistence, source } = resource.disk ?? {};
  if (persistence === undefined || source?.id !== undefined) {
    return undefined;
  }
  // A slash in the name would let the volumes of roles `a` and `a/b` share a folder.
  const role = reservationRole(resource).replaceAll('/', ' ');
  if (!FOLDER_NAME.test(role) || !FOLDER_NAME.test(persistence.id)) {
    return undefined;
  }
  const folder = `volumes/roles/${role}/${persistence.id}`;
  if (source === undefined) {
    return { path: folder, kind: 'folder' };
  }
  const root = (source.path ?? source.mount)?.root?.replace(/\/+$/, '');
  if (root === undefined || root === '') {
    return undefined;
  }
  switch (source.type) {
    case Resource_DiskInfo_Source_Type.PATH:
      return { path: `${root}/${folder}`, kind: 'folder' };
    case Resource_DiskInfo_Source_Type.MOUNT:
      return { path: root, kind: 'mount' };
    default:
      return undefined;
  }
}

export const volumePlaces = (resources: readonly Resource[]): VolumePlace[] =>
  resources.filter(isPersistentVolume).flatMap((resource) => volumePlace(resource) ?? []);
