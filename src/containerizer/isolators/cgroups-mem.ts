// cgroups/mem: limits the memory of containers, and measures what they use. The limit of what a
// container is meant to use follows its resources; the one that it cannot exceed is only raised, as
// a lower one might end it at once.

import { BYTES_PER_MEGABYTE } from '../../model/bytes.ts';
import { parentOf } from '../../model/container-id.ts';
import type { Resource } from '../../model/generated/messages.ts';
import { scalarAmount } from '../../model/milli.ts';
import { figuresOf, filesOf, numberIn, present } from '../cgroups/figures.ts';
import { type CgroupHierarchy, cgroupWith } from '../plan/cgroup-plan.ts';
import { type ContainerRequest, isSharing, type ResourceBounds } from '../plan/request.ts';
import type { Readings } from '../readings/readings.ts';
import { cgroupIsolator, type FileSetting, type Subsystem } from './cgroup-isolator.ts';
import type { CgroupOptions } from './cgroup-options.ts';
import type { Isolator } from './isolator.ts';

const MIN_BYTES = 32 * BYTES_PER_MEGABYTE;
/** The kernel's, of how soon a process is killed for its memory. */
const MAX_ADJUSTMENT = 1000;
const MIN_ADJUSTMENT = 2;

const bytesOf = (megabytes: number) =>
  Math.max(MIN_BYTES, Math.floor(megabytes) * BYTES_PER_MEGABYTE);

/** What the container is meant to use. */
const softBytes = (resources: readonly Resource[]): number =>
  bytesOf(scalarAmount(resources, 'mem') ?? 0);

/** What it can use at most; Infinity: there is no limit. */
function hardBytes({ resources, limits }: ResourceBounds): number {
  const limit = limits?.mem?.value;
  return limit === undefined ? softBytes(resources) : bytesOf(limit);
}

/** `machineBytes` is all the memory that there is. */
export function cgroupsMem(
  options: CgroupOptions,
  hierarchies: readonly CgroupHierarchy[],
  machineBytes: number,
): Isolator {
  const own = cgroupIsolator(memory(options), hierarchies);
  return {
    ...own,
    contribute(plan, request, host) {
      const found = isSharing(request)
        ? host.parentCgroups?.memory
        : cgroupWith(host.cgroups, plan.id, 'memory')?.folder;
      const limited = own.contribute(plan, request, host);
      return {
        ...limited,
        oomScoreAdj: oomScoreAdj(request, machineBytes),
        cgroups: { ...limited.cgroups, memory: found },
      };
    },
    async usage(container) {
      const [used = {}, [low = 0, medium = 0, critical = 0] = []] = await Promise.all([
        own.usage?.(container),
        container.memoryPressure(),
      ]);
      return used.mem_total_bytes === undefined
        ? used
        : {
            ...used,
            mem_low_pressure_counter: low,
            mem_medium_pressure_counter: medium,
            mem_critical_pressure_counter: critical,
          };
    },
  };
}

/**
 * A task that can use more than it is meant to goes before others where the machine runs out of
 * memory, and the sooner the less it is meant to use.
 */
function oomScoreAdj(request: ContainerRequest, machineBytes: number): number {
  const soft = softBytes(request.resources);
  const isTask =
    parentOf(request.id) === undefined ? request.task !== undefined : !isSharing(request);
  if (!isTask || soft >= hardBytes(request)) {
    return 0;
  }
  const adjusted = MAX_ADJUSTMENT - Math.floor((MAX_ADJUSTMENT * soft) / machineBytes);
  return Math.min(MAX_ADJUSTMENT - 1, Math.max(MIN_ADJUSTMENT, adjusted));
}

function memory({ isSwapLimited }: CgroupOptions): Subsystem {
  const soft = (version: 1 | 2, { resources }: ResourceBounds): FileSetting => ({
    file: version === 2 ? 'memory.low' : 'memory.soft_limit_in_bytes',
    value: String(softBytes(resources)),
  });
  /** Those that are the container's limit in v1: memory alone, and memory with swap. */
  const hard = (bounds: ResourceBounds): readonly [FileSetting, ...FileSetting[]] => {
    const bytes = hardBytes(bounds);
    const value = bytes === Infinity ? '-1' : String(bytes);
    const memory: FileSetting = { file: 'memory.limit_in_bytes', value };
    return isSwapLimited ? [memory, { file: 'memory.memsw.limit_in_bytes', value }] : [memory];
  };
  const most = (bounds: ResourceBounds): FileSetting => {
    const bytes = hardBytes(bounds);
    return { file: 'memory.max', value: bytes === Infinity ? 'max' : String(bytes) };
  };
  const raised = (setting: FileSetting): FileSetting => ({ ...setting, isRaised: true });
  return {
    name: 'cgroups/mem',
    begin: (version, bounds) =>
      version === 2
        ? [
            soft(version, bounds),
            most(bounds),
            // Of a container that has used up its memory no process is left without the others.
            { file: 'memory.oom.group', value: '1' },
            ...(isSwapLimited ? [{ file: 'memory.swap.max', value: '0' }] : []),
          ]
        : [soft(version, bounds), ...hard(bounds)],
    // The kernel wants memory with swap to have the higher limit at any time.
    change: (version, bounds) =>
      version === 2
        ? [soft(version, bounds), raised(most(bounds))]
        : [soft(version, bounds), ...hard(bounds).toReversed().map(raised)],
    async usage([cgroup], readings) {
      if (cgroup === undefined) {
        return {};
      }
      return cgroup.version === 2
        ? usageV2(readings, cgroup.folder)
        : usageV1(readings, cgroup.folder, isSwapLimited);
    },
  };
}

async function usageV1(readings: Readings, folder: string, isSwapLimited: boolean) {
  const [statistics, used, kernel, kernelTcp, withSwap] = await filesOf(readings, folder, [
    'memory.stat',
    'memory.usage_in_bytes',
    'memory.kmem.usage_in_bytes',
    'memory.kmem.tcp.usage_in_bytes',
    ...(isSwapLimited ? ['memory.memsw.usage_in_bytes'] : []),
  ]);
  const [cache, rss, mapped, swap, unevictable] = figuresOf(statistics, [
    'total_cache',
    'total_rss',
    'total_mapped_file',
    'total_swap',
    'total_unevictable',
  ]);
  return present({
    mem_total_bytes: numberIn(used),
    mem_total_memsw_bytes: numberIn(withSwap),
    mem_kmem_usage_bytes: numberIn(kernel),
    mem_kmem_tcp_usage_bytes: numberIn(kernelTcp),
    mem_file_bytes: cache,
    mem_anon_bytes: rss,
    mem_cache_bytes: cache,
    mem_rss_bytes: rss,
    mem_mapped_file_bytes: mapped,
    mem_swap_bytes: swap,
    mem_unevictable_bytes: unevictable,
  });
}

async function usageV2(readings: Readings, folder: string) {
  const [statistics, used, swapped] = await filesOf(readings, folder, [
    'memory.stat',
    'memory.current',
    'memory.swap.current',
  ]);
  const [file, anon, kernel, sock, mapped, unevictable] = figuresOf(statistics, [
    'file',
    'anon',
    'kernel',
    'sock',
    'file_mapped',
    'unevictable',
  ]);
  return present({
    mem_total_bytes: numberIn(used),
    mem_kmem_usage_bytes: kernel,
    mem_kmem_tcp_usage_bytes: sock,
    mem_file_bytes: file,
    mem_anon_bytes: anon,
    mem_cache_bytes: file,
    mem_rss_bytes: anon,
    mem_mapped_file_bytes: mapped,
    mem_swap_bytes: numberIn(swapped),
    mem_unevictable_bytes: unevictable,
  });
}
