// The ranges of ephemeral ports, of which each container has one: the kernel takes from it the
// ports of connections that the container makes, and no other container gets them.
import type { ContainerId } from '../../../model/ids.ts';
import { hasPort, type PortRanges, portsText } from '../../plan/ports.ts';
import { areOverlapping, type PortBlock, rangeOf } from './port-blocks.ts';

export interface EphemeralOptions {
  /** What the agent may give to containers. */
  readonly ranges: PortRanges;
  readonly perContainer: number;
}

const WELL_KNOWN: PortRanges = [{ begin: 0, end: 1023 }];
/**
 * The kernel has 2047 tables for the u32 filters of a link, and each container needs four of them
 * while its ports change.
 */
const MAX_CONTAINERS = 500;

interface OtherPorts {
  /** Those that frameworks are offered. */
  readonly offered: PortRanges;
  /** Those that the kernel gives to processes of the machine. */
  readonly ofMachine: PortRanges;
}

/** Why containers cannot be given these; undefined where they can. The words are Mesos's. */
export function ephemeralObjection(
  { ranges, perContainer }: EphemeralOptions,
  { offered, ofMachine }: OtherPorts,
): string | undefined {
  const specified = `The specified ephemeral ports ${portsText(ranges)}`;
  const count = ranges.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
  if (ranges.length === 0) {
    return "Ephemeral ports are not specified: --resources has no 'ephemeral_ports'";
  }
  if (intersect(ranges, offered)) {
    return `${specified} intersect with the specified non-ephemeral ports ${portsText(offered)}`;
  }
  if (intersect(ranges, WELL_KNOWN)) {
    return `${specified} intersect with well known ports ${portsText(WELL_KNOWN)}`;
  }
  if (intersect(ranges, ofMachine)) {
    return (
      `${specified} intersect with the ephemeral ports used by the host ${portsText(ofMachine)}, ` +
      'which the sysctl net.ipv4.ip_local_port_range sets'
    );
  }
  return blocksOf({ ranges, perContainer }).length === 0
    ? `Network Isolator is given ephemeral ports of size: ${count}, but asked to allocate ` +
        `${perContainer} ephemeral ports for a container, from a multiple of that on`
    : undefined;
}

const intersect = (some: PortRanges, others: PortRanges) =>
  some.some(
    ({ begin, end }) =>
      hasPort(others, begin) ||
      hasPort(others, end) ||
      others.some((other) => begin <= other.begin && other.end <= end),
  );

/** Those that begin at a multiple of their size, so that one filter has all ports of one. */
function blocksOf({ ranges, perContainer: size }: EphemeralOptions): PortBlock[] {
  const blocks: PortBlock[] = [];
  for (const { begin, end } of ranges) {
    for (let next = Math.ceil(begin / size) * size; next + size - 1 <= end; next += size) {
      blocks.push({ begin: next, size });
    }
  }
  return blocks.slice(0, MAX_CONTAINERS);
}

export class EphemeralPorts {
  readonly #blocks: readonly PortBlock[];
  readonly #taken = new Map<ContainerId, PortBlock>();
  /** Where the search begins: what was given last is in use for longest. */
  #next = 0;

  constructor(options: EphemeralOptions) {
    this.#blocks = blocksOf(options);
  }

  /** As many containers can have one. */
  get count(): number {
    return this.#blocks.length;
  }

  /** A range for a new container; undefined where all are in use. */
  take(id: ContainerId): PortBlock | undefined {
    for (let tried = 0; tried < this.#blocks.length; tried++) {
      const block = this.#blocks[this.#next] as PortBlock;
      this.#next = (this.#next + 1) % this.#blocks.length;
      if (this.holderOf(block) === undefined) {
        this.#taken.set(id, block);
        return block;
      }
    }
    return undefined;
  }

  /** The range that a container of an earlier agent has, whose ranges may have been others. */
  adopt(id: ContainerId, block: PortBlock): void {
    this.#taken.set(id, block);
  }

  release(id: ContainerId): void {
    this.#taken.delete(id);
  }

  /** Who has ports of this range. */
  holderOf(block: PortBlock): ContainerId | undefined {
    return [...this.#taken].find(([, taken]) => areOverlapping(taken, block))?.[0];
  }

  /** Whether containers of this agent may have the range. */
  has(block: PortBlock): boolean {
    const { begin, end } = rangeOf(block);
    return this.#blocks.some((it) => it.begin <= begin && end < it.begin + it.size);
  }
}
