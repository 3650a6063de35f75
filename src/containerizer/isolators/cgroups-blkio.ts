// cgroups/blkio: measures what containers read from and write to block devices.
import {
  type CgroupInfo_Blkio_CFQ_Statistics,
  CgroupInfo_Blkio_Operation,
  type CgroupInfo_Blkio_Throttling_Statistics,
  type CgroupInfo_Blkio_Value,
  type Device_Number,
} from '../../model/generated/messages.ts';
import { filesOf } from '../cgroups/figures.ts';
import type { ControllingCgroup } from '../plan/cgroup-plan.ts';
import type { Readings } from '../readings/readings.ts';
import type { Subsystem } from './cgroup-isolator.ts';

const OPERATIONS: Readonly<Record<string, CgroupInfo_Blkio_Operation>> = {
  Total: CgroupInfo_Blkio_Operation.TOTAL,
  Read: CgroupInfo_Blkio_Operation.READ,
  Write: CgroupInfo_Blkio_Operation.WRITE,
  Sync: CgroupInfo_Blkio_Operation.SYNC,
  Async: CgroupInfo_Blkio_Operation.ASYNC,
  Discard: CgroupInfo_Blkio_Operation.DISCARD,
};

export const cgroupsBlkio: Subsystem = {
  name: 'cgroups/blkio',
  async usage([cgroup], readings) {
    return cgroup === undefined
      ? {}
      : {
          blkio_statistics: {
            // Those of a scheduler that kernels no longer have: a sum of nothing, as in Mesos.
            cfq: [{} satisfies CgroupInfo_Blkio_CFQ_Statistics],
            cfq_recursive: [{} satisfies CgroupInfo_Blkio_CFQ_Statistics],
            throttling: await throttling(cgroup, readings),
          },
        };
  },
};

async function throttling({ version, folder }: ControllingCgroup, readings: Readings) {
  if (version === 2) {
    const [figures = ''] = await filesOf(readings, folder, ['io.stat']);
    return unifiedFigures(figures);
  }
  const files = ['blkio.throttle.io_serviced', 'blkio.throttle.io_service_bytes'];
  const [serviced = '', bytes = ''] = await filesOf(readings, folder, files);
  return throttlingFigures(serviced, bytes);
}

type Throttling = CgroupInfo_Blkio_Throttling_Statistics;

/** A figure in each line: `8:0 Read 4096`, or `Total 4096` for all devices. */
const DEVICE_LINE = /^(?:(\d+):(\d+) )?(\w+) (\d+)$/gm;
/** A device in each line: `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`. */
const UNIFIED_LINE = /^(\d+):(\d+) (.*)$/gm;

/** By device; the last is of all together. */
export function throttlingFigures(serviced: string, bytes: string): Throttling[] {
  const devices = new Map<string, Gathered>();
  const all: Gathered = { io_serviced: [], io_service_bytes: [] };
  for (const [kind, text] of [
    ['io_serviced', serviced],
    ['io_service_bytes', bytes],
  ] as const) {
    for (const [, major, minor, op = '', value] of text.matchAll(DEVICE_LINE)) {
      const device =
        major === undefined
          ? undefined
          : { major_number: Number(major), minor_number: Number(minor) };
      const gathered = device === undefined ? all : gatheredOf(devices, device);
      gathered[kind].push(figure(OPERATIONS[op], Number(value)));
    }
  }
  return [...devices.values(), all];
}

export function unifiedFigures(text: string): Throttling[] {
  const devices = new Map<string, Gathered>();
  const sums = { io_serviced: 0, io_service_bytes: 0 };
  for (const [, major, minor, words = ''] of text.matchAll(UNIFIED_LINE)) {
    const device = { major_number: Number(major), minor_number: Number(minor) };
    const gathered = gatheredOf(devices, device);
    const values = new Map(words.split(' ').map((word) => word.split('=') as [string, string]));
    const add = (kind: keyof typeof sums, read: string, write: string) => {
      const [reads, writes] = [Number(values.get(read) ?? 0), Number(values.get(write) ?? 0)];
      gathered[kind].push(
        figure(CgroupInfo_Blkio_Operation.READ, reads),
        figure(CgroupInfo_Blkio_Operation.WRITE, writes),
        figure(CgroupInfo_Blkio_Operation.TOTAL, reads + writes),
      );
      sums[kind] += reads + writes;
    };
    add('io_serviced', 'rios', 'wios');
    add('io_service_bytes', 'rbytes', 'wbytes');
  }
  const total = (value: number) => [figure(CgroupInfo_Blkio_Operation.TOTAL, value)];
  return [
    ...devices.values(),
    { io_serviced: total(sums.io_serviced), io_service_bytes: total(sums.io_service_bytes) },
  ];
}

interface Gathered {
  readonly device?: Device_Number;
  readonly io_serviced: CgroupInfo_Blkio_Value[];
  readonly io_service_bytes: CgroupInfo_Blkio_Value[];
}

function gatheredOf(devices: Map<string, Gathered>, device: Device_Number): Gathered {
  const name = `${device.major_number}:${device.minor_number}`;
  const known = devices.get(name) ?? { device, io_serviced: [], io_service_bytes: [] };
  devices.set(name, known);
  return known;
}

const figure = (
  op: CgroupInfo_Blkio_Operation | undefined,
  value: number,
): CgroupInfo_Blkio_Value => ({
  op: op ?? CgroupInfo_Blkio_Operation.UNKNOWN,
  value,
});
