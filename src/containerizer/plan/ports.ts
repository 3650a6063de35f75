// Ports among resources, and in what is told of them.
import { type Resource, type Value_Range, Value_Type } from '../../model/generated/messages.ts';

export type PortRanges = readonly Value_Range[];

/** All ports that a list of resources names, in no order; ranges may overlap. */
export const portsOf = (resources: readonly Resource[]): PortRanges =>
  rangesNamed(resources, 'ports');

export const rangesNamed = (resources: readonly Resource[], named: string): PortRanges =>
  resources.flatMap(({ name, ranges }) => (name === named ? (ranges?.range ?? []) : []));

export const hasPort = (ranges: PortRanges, port: number): boolean =>
  ranges.some(({ begin, end }) => begin <= port && port <= end);

/** The fewest ranges that have these ports, which may come in any order and more than once. */
export function rangesOf(ports: Iterable<number>): Value_Range[] {
  const ranges: Value_Range[] = [];
  for (const port of [...new Set(ports)].toSorted((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last !== undefined && last.end + 1 === port) {
      last.end = port;
    } else {
      ranges.push({ begin: port, end: port });
    }
  }
  return ranges;
}

/** As Mesos writes ranges in messages. */
export const portsText = (ranges: PortRanges) =>
  `[${ranges.map(({ begin, end }) => `${begin}-${end}`).join(', ')}]`;

export const portsResource = (ranges: PortRanges): Resource => ({
  name: 'ports',
  type: Value_Type.RANGES,
  ranges: { range: [...ranges] },
});
