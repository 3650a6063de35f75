// How much a root container may have on disks, by folder: its sandbox, and each of its persistent
// volumes. What nested containers have lies in the sandbox of their root.
import { resolve } from 'node:path';
import { BYTES_PER_MEGABYTE } from '../../model/bytes.ts';
import {
  type DiskStatistics,
  type Resource,
  Resource_DiskInfo_Source_Type,
  type ResourceStatistics,
} from '../../model/generated/messages.ts';
import { scalarAmount } from '../../model/milli.ts';
import { volumePlace } from '../../model/volume-path.ts';

export interface DiskQuota {
  /** An absolute path, no part of which a task can change. */
  readonly path: string;
  readonly limitBytes: number;
  readonly resources: readonly Resource[];
  /** What names the volume in statistics; undefined for the sandbox. */
  readonly volume?: Pick<DiskStatistics, 'source' | 'persistence'> | undefined;
  /** A disk that is a file system by itself: no file system lets anyone have more than there is. */
  readonly isWhole: boolean;
}

interface Folders {
  readonly workDirectory: string;
  /** An absolute path. */
  readonly sandbox: string;
}

/** Without any disk of its own, a sandbox has no quota. */
export function diskQuotas(
  { workDirectory, sandbox }: Folders,
  resources: readonly Resource[],
): readonly DiskQuota[] {
  const disks = resources.filter(({ name }) => name === 'disk');
  const own = disks.filter(({ disk }) => disk?.volume === undefined);
  const volumes = disks.flatMap((resource) => volumeQuota(workDirectory, resource) ?? []);
  const all =
    own.length === 0
      ? volumes
      : [{ path: sandbox, limitBytes: bytesOf(own), resources: own, isWhole: false }, ...volumes];
  // A volume may be named more than once, as by tasks that share it.
  return [...new Map(all.map((quota) => [quota.path, quota])).values()];
}

/** What a container uses of its quotas, as far as that is known. */
export function diskStatistics(
  quotas: readonly DiskQuota[],
  usedOf: (path: string) => number | undefined,
): Partial<ResourceStatistics> {
  const sandbox = quotas.find(({ volume }) => volume === undefined);
  const used = sandbox && usedOf(sandbox.path);
  return {
    ...(sandbox && { disk_limit_bytes: sandbox.limitBytes }),
    ...(used !== undefined && { disk_used_bytes: used }),
    disk_statistics: quotas.map(({ path, limitBytes, volume }): DiskStatistics => {
      const usedBytes = usedOf(path);
      return {
        ...volume,
        limit_bytes: limitBytes,
        ...(usedBytes !== undefined && { used_bytes: usedBytes }),
      };
    }),
  };
}

function volumeQuota(workDirectory: string, resource: Resource): DiskQuota | undefined {
  const place = volumePlace(resource);
  const { source, persistence } = resource.disk ?? {};
  return (
    place && {
      path: resolve(workDirectory, place.path),
      limitBytes: bytesOf([resource]),
      resources: [resource],
      volume: { ...(source && { source }), ...(persistence && { persistence }) },
      isWhole: source?.type === Resource_DiskInfo_Source_Type.MOUNT,
    }
  );
}

const bytesOf = (disks: readonly Resource[]) =>
  Math.round((scalarAmount(disks, 'disk') ?? 0) * BYTES_PER_MEGABYTE);
