// Disks of an agent that overlap: a volume on one would lie in the other as well, and would be
// missing there once it is destroyed here.
import { sameMessage } from './equality.ts';
import { type Resource, Resource_DiskInfo_Source_Type } from './generated/messages.ts';
import { isWithin } from './paths.ts';

const { PATH, MOUNT } = Resource_DiskInfo_Source_Type;

/** A disk other than the agent's own, and its place. */
export interface Disk {
  readonly resource: Resource;
  readonly type: 'PATH' | 'MOUNT';
  /** The path, as the resource gives it. */
  readonly root: string;
}

export function disksOf(resources: readonly Resource[]): Disk[] {
  return resources.flatMap((resource): Disk[] => {
    const source = resource.disk?.source;
    const root = (source?.path ?? source?.mount)?.root;
    if (root === undefined || (source?.type !== PATH && source?.type !== MOUNT)) {
      return [];
    }
    return [{ resource, type: source.type === PATH ? 'PATH' : 'MOUNT', root }];
  });
}

/**
 * Why two of the disks cannot both be offered. `placesOf` gives the paths by which a disk can be
 * reached; two disks are compared by the paths at the same index. One PATH disk may come as several
 * resources, reserved differently.
 */
export function overlapError(
  disks: readonly Disk[],
  placesOf: (disk: Disk) => readonly string[],
): string | undefined {
  const placed = disks.map((disk) => ({ disk, places: placesOf(disk) }));
  for (const [index, { disk: later, places }] of placed.entries()) {
    for (const { disk: earlier, places: others } of placed.slice(0, index)) {
      const arePartsOfOne =
        later.type === 'PATH' &&
        sameMessage(later.resource.disk, earlier.resource.disk) &&
        reservationText(later.resource) !== reservationText(earlier.resource);
      const overlap = places.some((place, way) => {
        const other = others[way];
        return other !== undefined && (isWithin(place, other) || isWithin(other, place));
      });
      if (overlap && !arePartsOfOne) {
        return (
          `the ${earlier.type} disk '${earlier.root}' and the ${later.type} disk '${later.root}' are ` +
          'one, or one lies in the other; each disk needs a folder of its own'
        );
      }
    }
  }
  return undefined;
}

const reservationText = ({ role, reservations }: Resource) => JSON.stringify([role, reservations]);
