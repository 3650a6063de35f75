// How much a root container may have on disks, by folder: its sandbox, with what it writes over the
// files of its image, and each of its persistent volumes. What nested containers have in their
// sandboxes lies in that of their root; as in Mesos, what they write over images is not counted.
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
import type { RootFileSystem } from '../images/provisioner.ts';

export interface DiskQuota {
  /** An absolute path, no part of which a task can change. */
  readonly path: string;
  /** Folders that are counted with it: absolute paths as well. */
  readonly also: readonly string[];
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
  /** What is written there counts as in the sandbox. */
  readonly ephemeral: readonly string[];
}

/** The folders of a container that are for what it writes over the files of its image. */
export const ephemeralOf = (root: RootFileSystem | undefined): readonly string[] =>
  root?.kind === 'overlay' ? [root.upper, root.work] : [];

/** Without any disk of its own, a sandbox has no quota. */
export function diskQuotas(
  { workDirectory, sandbox, ephemeral }: Folders,
  resources: readonly Resource[],
): readonly DiskQuota[] {
  const disks = resources.filter(({ name }) => name === 'disk');
  const own = disks.filter(({ disk }) => disk?.volume === undefined);
  const volumes = disks.flatMap((resource) => volumeQuota(workDirectory, resource) ?? []);
  const all =
    own.length === 0
      ? volumes
      : [
          {
            path: sandbox,
            also: ephemeral,
            limitBytes: bytesOf(own),
            resources: own,
            isWhole: false,
          },
          ...volumes,
        ];
  // A volume may be named more than once, as by tasks that share it.
  return [...new Map(all.map((quota) => [quota.path, quota])).values()];
}

/** What a container uses of its quotas, as far as that is known. */
export function diskStatistics(
  quotas: readonly DiskQuota[],
  usedOf: (quota: DiskQuota) => number | undefined,
): Partial<ResourceStatistics> {
  const sandbox = quotas.find(({ volume }) => volume === undefined);
  const used = sandbox && usedOf(sandbox);
  return {
    ...(sandbox && { disk_limit_bytes: sandbox.limitBytes }),
    ...(used !== undefined && { disk_used_bytes: used }),
    disk_statistics: quotas.map((quota): DiskStatistics => {
      const usedBytes = usedOf(quota);
      return {
        ...quota.volume,
        limit_bytes: quota.limitBytes,
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
      also: [],
      limitBytes: bytesOf([resource]),
      resources: [resource],
      volume: { ...(source && { source }), ...(persistence && { persistence }) },
      isWhole: source?.type === Resource_DiskInfo_Source_Type.MOUNT,
    }
  );
}

const bytesOf = (disks: readonly Resource[]) =>
  Math.round((scalarAmount(disks, 'disk') ?? 0) * BYTES_PER_MEGABYTE);
