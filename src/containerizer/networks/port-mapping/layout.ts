// What port mapping makes for a container, by the names and numbers that all of it has. They follow
// from the container's ephemeral ports, so that whoever knows these finds and removes the rest.
//
//   container    lo <--> eth0              what it sends to others on the machine leaves by eth0
//                          |
//   machine            mesos-p32768 <--> lo <--> mesos-p33792, and the machine's own processes
//                          |
//                        eth0 <--> other machines
//
// Filters where packets enter each of these links send them on, by their ports, to the next one. A
// packet that no filter takes goes on as if there were none.
import { MIN_PER_CONTAINER, type PortBlock } from './port-blocks.ts';

/** A container's ports have filters of one of these numbers; in a change, for a moment of both. */
export type Generation = 0 | 1;

export const otherGeneration = (generation: Generation): Generation => (generation === 0 ? 1 : 0);

const LINK_PREFIX = 'mesos-p';

/** The machine's end of a container's link: the kernel takes names of 15 letters at most. */
export const linkOf = ({ begin }: PortBlock) => `${LINK_PREFIX}${begin}`;

/** Where the ephemeral ports of a link's container begin; undefined for a link of others. */
export function beginOfLink(link: string): number | undefined {
  const begin = link.startsWith(LINK_PREFIX) ? Number(link.slice(LINK_PREFIX.length)) : Number.NaN;
  return begin % MIN_PER_CONTAINER === 0 ? begin : undefined;
}

/**
 * Of the filters on links of the machine. Each container has its own, from 0 to 4095 above these:
 * filters are deleted by their priority. Lower ones come first, and the ports of ICMP packets must
 * not be looked for.
 */
const HOST_ICMP = 0x1000;
const HOST_ARP = 0x2000;
const HOST_PORTS = 0x3000;
/** Above all of a container. */
const HOST_END = 0x5000;

const numberOf = ({ begin }: PortBlock) => begin / MIN_PER_CONTAINER;

export const hostPriorities = (ephemeral: PortBlock) => ({
  icmp: HOST_ICMP + numberOf(ephemeral),
  arp: HOST_ARP + numberOf(ephemeral),
  ports: [HOST_PORTS + 2 * numberOf(ephemeral), HOST_PORTS + 2 * numberOf(ephemeral) + 1] as const,
});

/** Where the ephemeral ports of a filter's container begin; undefined for a filter of others. */
export function beginOfPriority(priority: number): number | undefined {
  if (priority < HOST_ICMP || priority >= HOST_END) {
    return undefined;
  }
  const number =
    priority < HOST_PORTS ? priority % HOST_ICMP : Math.floor((priority - HOST_PORTS) / 2);
  return number * MIN_PER_CONTAINER;
}

/** Of the filters on links that are a container's alone, at both ends. */
export const OWN_PRIORITIES = {
  arp: 0x100,
  icmp: 0x200,
  ports: [0x300, 0x301],
  /** After `ports`. */
  others: [0x310, 0x311],
} as const;

/** Of traffic control in both directions: the queue at the root, and the class with the rate. */
export const RATE_QUEUE = '1:';
export const RATE_CLASS = '1:1';

/** Flows of the machine's link: of the machine itself, of ICMP and ARP, and of each container. */
export const HOST_FLOW = 1;
export const CONTROL_FLOW = 2;
export const FLOWS = 8192;
export const flowOf = (ephemeral: PortBlock) => CONTROL_FLOW + 1 + numberOf(ephemeral);
