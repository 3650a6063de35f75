// A container has hit its limit of memory: what its supervisor writes down of that, and what the
// statuses of its tasks say, in Mesos's words.
import { BYTES_PER_MEGABYTE, formatBytes } from '../model/bytes.ts';
import { TaskStatus_Reason, Value_Type } from '../model/generated/messages.ts';
import type { Limitation } from './limitation.ts';

/** The figures of the cgroup at that time. */
export interface MemoryFigures {
  readonly limitBytes: number;
  /** The most that was ever used. */
  readonly mostBytes: number;
  /** The kernel's statistics, a line each. */
  readonly statistics: string;
}

/** As memory.c writes them; undefined where the text is none of these. */
export function memoryFigures(text: string): MemoryFigures | undefined {
  const [, limit, most, statistics] = /^(\d+|max) (\d+)\n(.*)$/s.exec(text) ?? [];
  return limit === undefined || most === undefined || statistics === undefined
    ? undefined
    : {
        limitBytes: limit === 'max' ? Number.POSITIVE_INFINITY : Number(limit),
        mostBytes: Number(most),
        statistics,
      };
}

export const memoryLimitation = (figures: MemoryFigures): Limitation => {
  const { limitBytes, mostBytes, statistics } = figures;
  const limit = Number.isFinite(limitBytes) ? formatBytes(limitBytes) : 'no limit';
  return {
    message:
      `Memory limit exceeded: Requested: ${limit} Maximum Used: ${formatBytes(mostBytes)}\n` +
      `\nMEMORY STATISTICS: \n${statistics}\n`,
    reason: TaskStatus_Reason.REASON_CONTAINER_LIMITATION_MEMORY,
    resources: [
      {
        name: 'mem',
        type: Value_Type.SCALAR,
        scalar: { value: mostBytes / BYTES_PER_MEGABYTE },
      },
    ],
  };
};
