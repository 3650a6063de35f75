// The filters of port mapping as lines for `tc -batch`. They know packets by u32 matches at fixed
// places, for the kernel may have no other kind of filter that can.
import {
  CONTROL_FLOW,
  flowOf,
  type Generation,
  HOST_FLOW,
  hostPriorities,
  linkOf,
  OWN_PRIORITIES,
} from './layout.ts';
import type { MachineNetwork } from './machine-network.ts';
import { matchOf, type PortBlock } from './port-blocks.ts';

const ICMP = 'match ip protocol 1 0xff';
const ANY = 'match u32 0 0';
const LOOPBACK = 'match ip dst 127.0.0.0/8';
/** A header without options, and no later fragment: these have no ports where the match looks. */
const HAS_PORTS = 'match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6';

const from = (block: PortBlock) => `${HAS_PORTS} match ip sport ${matchOf(block)}`;
const to = (block: PortBlock) => `${HAS_PORTS} match ip dport ${matchOf(block)}`;
const address = (ip: string) => `match ip dst ${ip}/32`;
const fromAddress = (ip: string) => `match ip src ${ip}/32`;

/** Who sends it is told by 10 bytes of an ARP packet: the address of its link, and that of IP. */
function arpFrom({ mac, ip }: MachineNetwork): string {
  const bytes = [
    ...mac.split(':').map((byte) => Number.parseInt(byte, 16)),
    ...ip.split('.').map(Number),
  ];
  return bytes.map((byte, index) => `match u8 ${byte} 0xff at ${8 + index}`).join(' ');
}

const redirect = (link: string) => `action mirred egress redirect dev ${link}`;
/** A copy: the next filter sees the packet, too. */
const mirror = (link: string) => `action mirred egress mirror dev ${link} continue`;
/** The packet goes on as if there were no filters. */
const ACCEPT = 'flowid ffff:0';

interface Filter {
  readonly link: string;
  /** Where packets are looked at; by default where they enter. */
  readonly at?: string;
  readonly protocol?: 'ip' | 'arp' | 'all';
  readonly priority: number;
  readonly match: string;
  readonly action: string;
}

const line = ({ link, at = 'ingress', protocol = 'ip', priority, match, action }: Filter) =>
  `filter add dev ${link} ${at} protocol ${protocol} pref ${priority} u32 ${match} ${action}`;

const deletion = (link: string, priority: number, at = 'ingress') =>
  `filter del dev ${link} ${at} pref ${priority}`;

const ingress = (link: string) => `qdisc add dev ${link} ingress`;

/** In a container: what it sends to itself stays, and the rest of the machine is by way of eth0. */
export function insideFilters({ eth0, ip }: MachineNetwork): string[] {
  const { icmp, others } = OWN_PRIORITIES;
  const selves = [address(ip), LOOPBACK];
  const lo = (priority: number, match: string, action: string) =>
    line({ link: 'lo', priority, match, action });
  return [
    ingress('lo'),
    ingress(eth0),
    ...selves.map((self) => lo(icmp, `${ICMP} ${self}`, ACCEPT)),
    ...selves.map((self) => lo(others[0], self, redirect(eth0))),
  ];
}

/** In a container, for these ports of its own. */
export function insidePorts(
  { eth0 }: MachineNetwork,
  blocks: readonly PortBlock[],
  generation: Generation,
): string[] {
  const priority = OWN_PRIORITIES.ports[generation];
  return blocks.flatMap((block) => [
    line({ link: 'lo', priority, match: to(block), action: ACCEPT }),
    line({
      link: eth0,
      priority,
      match: `${LOOPBACK} ${to(block)}`,
      action: redirect('lo'),
    }),
  ]);
}

export const withoutInsidePorts = ({ eth0 }: MachineNetwork, generation: Generation): string[] =>
  ['lo', eth0].map((link) => deletion(link, OWN_PRIORITIES.ports[generation]));

/**
 * At the machine's end of a container's link. To other machines it speaks in the name of this one
 * only: otherwise a single packet of ARP could take this one away from them.
 */
export function linkFilters(machine: MachineNetwork, link: string): string[] {
  const { eth0, ip } = machine;
  const { arp, icmp } = OWN_PRIORITIES;
  const action = redirect(eth0);
  return [
    ingress(link),
    line({ link, protocol: 'arp', priority: arp, match: arpFrom(machine), action }),
    line({ link, priority: icmp, match: `${ICMP} ${fromAddress(ip)}`, action }),
  ];
}

/** There: it sends from its ports only, and reaches the machine, and others on it, by lo. */
export function linkPorts(
  { eth0, lo, ip }: MachineNetwork,
  link: string,
  blocks: readonly PortBlock[],
  generation: Generation,
): string[] {
  const priority = OWN_PRIORITIES.ports[generation];
  const last = OWN_PRIORITIES.others[generation];
  return blocks.flatMap((block) => [
    ...[address(ip), LOOPBACK].map((self) =>
      line({ link, priority, match: `${self} ${from(block)}`, action: redirect(lo) }),
    ),
    line({
      link,
      priority: last,
      match: `${fromAddress(ip)} ${from(block)}`,
      action: redirect(eth0),
    }),
  ]);
}

export const withoutLinkPorts = (link: string, generation: Generation): string[] => [
  deletion(link, OWN_PRIORITIES.ports[generation]),
  deletion(link, OWN_PRIORITIES.others[generation]),
];

/** On the machine's own links: each container gets a copy of what has no ports. */
export function hostFilters({ eth0, ip }: MachineNetwork, ephemeral: PortBlock): string[] {
  const { arp, icmp } = hostPriorities(ephemeral);
  const action = mirror(linkOf(ephemeral));
  return [
    line({ link: eth0, protocol: 'arp', priority: arp, match: ANY, action }),
    line({ link: eth0, priority: icmp, match: `${ICMP} ${address(ip)}`, action }),
  ];
}

/** There: what is for these ports goes to the container. */
export function hostPorts(
  { eth0, lo, ip, flowQueue }: MachineNetwork,
  ephemeral: PortBlock,
  blocks: readonly PortBlock[],
  generation: Generation,
): string[] {
  const priority = hostPriorities(ephemeral).ports[generation];
  const action = redirect(linkOf(ephemeral));
  return blocks.flatMap((block) => [
    ...(flowQueue === undefined
      ? []
      : [flow(eth0, flowQueue, priority, from(block), flowOf(ephemeral))]),
    line({ link: eth0, priority, match: `${address(ip)} ${to(block)}`, action }),
    line({ link: lo, priority, match: to(block), action }),
  ]);
}

export function withoutHostPorts(
  { eth0, lo, flowQueue }: Pick<MachineNetwork, 'eth0' | 'lo' | 'flowQueue'>,
  ephemeral: PortBlock,
  generation: Generation,
): string[] {
  const priority = hostPriorities(ephemeral).ports[generation];
  return [
    deletion(eth0, priority),
    deletion(lo, priority),
    ...(flowQueue === undefined ? [] : [deletion(eth0, priority, `parent ${flowQueue}`)]),
  ];
}

/** All of a container on the machine's own links. */
export function withoutHostFilters(
  machine: Pick<MachineNetwork, 'eth0' | 'lo' | 'flowQueue'>,
  ephemeral: PortBlock,
): string[] {
  const { arp, icmp } = hostPriorities(ephemeral);
  return [
    ...[icmp, arp].map((priority) => deletion(machine.eth0, priority)),
    ...([0, 1] as const).flatMap((generation) => withoutHostPorts(machine, ephemeral, generation)),
  ];
}

const flow = (link: string, queue: string, priority: number, match: string, number: number) =>
  line({
    link,
    at: `parent ${queue}`,
    priority,
    match,
    action: `flowid ${queue}${number.toString(16)}`,
  });

/** Of the public link's flows, besides those of containers: that of the machine comes first. */
export function hostFlows({
  eth0,
  flowQueue,
}: MachineNetwork): readonly { readonly priority: number; readonly line: string }[] {
  const flows: readonly (Pick<Filter, 'protocol' | 'priority' | 'match'> & { flow: number })[] = [
    { protocol: 'all', priority: 0xf000, match: ANY, flow: HOST_FLOW },
    { protocol: 'arp', priority: 1, match: ANY, flow: CONTROL_FLOW },
    { protocol: 'ip', priority: 2, match: ICMP, flow: CONTROL_FLOW },
  ];
  return flows.map(({ flow: number, ...filter }) => ({
    priority: filter.priority,
    line: line({
      ...filter,
      link: eth0,
      at: `parent ${flowQueue}`,
      action: `flowid ${flowQueue}${number}`,
    }),
  }));
}
