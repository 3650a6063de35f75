// Ports as filters match them: by the upper bits of their numbers. A set of ports is cut into
// blocks, each of a power of two of ports, and beginning at a multiple of that.
import type { PortRanges } from '../../plan/ports.ts';

const ALL_PORTS = 65_536;

/** Ephemeral ports that a container has at least: as in Mesos. */
export const MIN_PER_CONTAINER = 16;

export interface PortBlock {
  readonly begin: number;
  /** A power of two that divides `begin`. */
  readonly size: number;
}

/** The largest block that begins at a port and ends before another one. */
function blockAt(begin: number, end: number): PortBlock {
  let size = begin === 0 ? ALL_PORTS : begin & -begin;
  while (begin + size > end) {
    size /= 2;
  }
  return { begin, size };
}

/** The fewest blocks with these ports. Ranges may overlap, and come in any order. */
export function portBlocks(ranges: PortRanges): PortBlock[] {
  const blocks: PortBlock[] = [];
  let next = 0;
  for (const range of ranges.toSorted((one, other) => one.begin - other.begin)) {
    next = Math.max(next, range.begin);
    while (next <= range.end) {
      const block = blockAt(next, range.end + 1);
      blocks.push(block);
      next += block.size;
    }
  }
  return blocks;
}

/** As u32 filters of tc have it: a value and a mask. */
export const matchOf = ({ begin, size }: PortBlock) =>
  `${begin} 0x${(ALL_PORTS - size).toString(16)}`;

export const rangeOf = ({ begin, size }: PortBlock) => ({ begin, end: begin + size - 1 });

export const areOverlapping = (one: PortBlock, other: PortBlock) =>
  one.begin < other.begin + other.size && other.begin < one.begin + one.size;
