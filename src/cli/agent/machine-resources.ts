// An agent's resources: those in --resources and, for the others, what the machine has.
import { statfsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { type Resource, Value_Type } from '../../model/generated/messages.ts';
import { reserved } from '../../model/resource-text.ts';
import { configuredResourcesError } from '../../model/resource-validation.ts';
import { readResources } from './resources-flag.ts';

const MB = 2 ** 20;
const GB_IN_MB = 1024;

/** The amounts of a whole machine, in the units of resources (MB). */
export interface Machine {
  readonly cpus: number;
  readonly memMb: number;
  readonly diskMb: number;
}

/** The machine, with the disk that contains the folder, which must exist. */
export function thisMachine(folder: string): Machine {
  const { blocks, bsize } = statfsSync(folder);
  return {
    cpus: availableParallelism(),
    memMb: totalmem() / MB,
    diskMb: (blocks * bsize) / MB,
  };
}

/**
 * Throws FlagError for resources that an agent cannot have.
 *
 * Detected amounts follow Mesos: 1 GB of memory and 5 GB of disk are left to the machine, or half
 * of it where it has less than twice that.
 */
export function agentResources(
  text: string | undefined,
  defaultRole: string,
  machine: Machine,
): Resource[] {
  const given =
    text === undefined ? [] : readResources(text, defaultRole, configuredResourcesError);
  const named = new Set(given.map(({ name }) => name));
  const scalar = (name: string, value: number): Resource => ({
    name,
    type: Value_Type.SCALAR,
    scalar: { value: Math.floor(value) },
  });
  const detected: Resource[] = [
    scalar('cpus', machine.cpus),
    scalar('mem', lessHeadroom(machine.memMb, GB_IN_MB)),
    scalar('disk', lessHeadroom(machine.diskMb, 5 * GB_IN_MB)),
    {
      name: 'ports',
      type: Value_Type.RANGES,
      ranges: { range: [{ begin: 31_000, end: 32_000 }] },
    },
  ];
  return [
    ...given.filter((resource) => resource.scalar === undefined || resource.scalar.value > 0),
    ...detected
      .filter(({ name }) => !named.has(name))
      .map((resource) => reserved(resource, defaultRole)),
  ];
}

const lessHeadroom = (total: number, headroom: number) =>
  total >= 2 * headroom ? total - headroom : total / 2;
