// The scripts that make and remove what a container has of the machine's network: each is one run
// of a shell, which runs tc and ip with many lines at once. They are given names and numbers that
// have been looked at, and the path of a namespace.
import {
  hostFilters,
  hostFlows,
  hostPorts,
  insideFilters,
  insidePorts,
  linkFilters,
  linkPorts,
  withoutHostFilters,
  withoutHostPorts,
  withoutInsidePorts,
  withoutLinkPorts,
} from './filters.ts';
import {
  FLOWS,
  type Generation,
  hostPriorities,
  linkOf,
  otherGeneration,
  RATE_CLASS,
  RATE_QUEUE,
} from './layout.ts';
import type { MachineNetwork } from './machine-network.ts';
import { type PortBlock, rangeOf } from './port-blocks.ts';
import type { RateLimit } from './rate-limits.ts';

/** Of one container. */
export interface Wiring {
  /** The file of its network namespace. */
  readonly namespace: string;
  readonly ephemeral: PortBlock;
  /** Those that it was given. */
  readonly ports: readonly PortBlock[];
  /** What limits it; undefined: nothing. */
  readonly limits: Limits;
}

export interface Limits {
  readonly egress: RateLimit | undefined;
  readonly ingress: RateLimit | undefined;
}

const END = 'END';

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const heredoc = (command: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [`${command} <<'${END}'`, ...lines, END];

const tc = (lines: readonly string[]) => heredoc('tc -batch -', lines);
const ip = (lines: readonly string[]) => heredoc('ip -batch -', lines);
/** All lines are tried. */
const tcIfAny = (lines: readonly string[]) =>
  heredoc('{ tc -force -batch - 2>/dev/null || :; }', lines);

/** Lines that run in the container's network. */
const inside = (namespace: string, lines: readonly string[]) => [
  `nsenter --net=${quoted(namespace)} sh -e <<'INSIDE'`,
  ...lines,
  'INSIDE',
];

const set = (file: string, value: string | number) => `echo ${value} > /proc/sys/net/${file}`;
const setIfThere = (file: string, value: string) =>
  `[ ! -w /proc/sys/net/${file} ] || ${set(file, quoted(value))}`;

/** Makes all that the container has. On links that others use, it is made last. */
export function attachScript(machine: MachineNetwork, wiring: Wiring): string {
  const { eth0, mac, mtu } = machine;
  const { namespace, ephemeral, ports, limits } = wiring;
  const link = linkOf(ephemeral);
  const blocks = [ephemeral, ...ports];
  const own = `mtu ${mtu} address ${mac}`;
  return text([
    `ip link add ${link} ${own} type veth peer name ${eth0} ${own} netns ${quoted(namespace)}`,
    ...inside(namespace, [
      ...ip(insideLines(machine)),
      ...insideSettings(machine, ephemeral),
      ...tc([
        ...insideFilters(machine),
        ...insidePorts(machine, blocks, 0),
        ...limitLines(machine, eth0, limits.egress),
      ]),
    ]),
    // Of what no filter takes, nothing comes further: no address is reached by this link.
    set(`ipv4/conf/${link}/rp_filter`, 1),
    setIfThere(`ipv6/conf/${link}/disable_ipv6`, '1'),
    ...tc([
      ...linkFilters(machine, link),
      ...linkPorts(machine, link, blocks, 0),
      ...limitLines(machine, link, limits.ingress),
      ...hostFilters(machine, ephemeral),
      ...hostPorts(machine, ephemeral, blocks, 0),
    ]),
    `ip link set dev ${link} up`,
  ]);
}

const insideLines = ({ eth0, mac, mtu, ip: own, prefix, gateway }: MachineNetwork) => [
  `link set dev lo mtu ${mtu} address ${mac} up`,
  `link set dev ${eth0} up`,
  `address add ${own}/${prefix} dev ${eth0}`,
  `route add default via ${gateway} dev ${eth0} onlink`,
];

/** Packets come back by another link than they have gone by, from what is an own address. */
function insideSettings({ eth0, tunables }: MachineNetwork, ephemeral: PortBlock): string[] {
  const { begin, end } = rangeOf(ephemeral);
  return [
    setIfThere('ipv6/conf/all/disable_ipv6', '1'),
    set('ipv4/ip_local_port_range', `${begin} ${end}`),
    ...[eth0, 'lo'].map((link) => set(`ipv4/conf/${link}/accept_local`, 1)),
    ...['all', eth0, 'lo'].map((link) => set(`ipv4/conf/${link}/rp_filter`, 0)),
    set('ipv4/conf/lo/route_localnet', 1),
    ...[...tunables].map(([file, value]) => setIfThere(file, value)),
  ];
}

/** What the link sends is limited. */
function limitLines(
  { hasFlowQueues }: MachineNetwork,
  link: string,
  limit: RateLimit | undefined,
): string[] {
  return limit === undefined
    ? []
    : [
        `qdisc add dev ${link} root handle ${RATE_QUEUE} htb default 1`,
        classLine(link, limit),
        ...(hasFlowQueues ? [`qdisc add dev ${link} parent ${RATE_CLASS} fq_codel`] : []),
      ];
}

/** Without a quantum, the kernel warns of one that is small, or large; one class needs none. */
const classLine = (link: string, { rateBytes, ceilBytes, burstBytes }: RateLimit) =>
  [
    `class replace dev ${link} parent ${RATE_QUEUE} classid ${RATE_CLASS} htb`,
    `rate ${rateBytes * 8}bit`,
    ...(ceilBytes === undefined ? [] : [`ceil ${ceilBytes * 8}bit`]),
    ...(burstBytes === undefined ? [] : [`burst ${burstBytes}b`]),
    'quantum 60000',
  ].join(' ');

/** Of one direction. Without `from`, it is not known what there is. */
export interface LimitChange {
  readonly from: RateLimit | undefined;
  readonly to: RateLimit | undefined;
}

function changeLines(machine: MachineNetwork, link: string, { from, to }: LimitChange): string[] {
  const removed = tcIfAny([`qdisc del dev ${link} root`]);
  if (to === undefined) {
    return removed;
  }
  return from === undefined
    ? [...removed, ...tc(limitLines(machine, link, to))]
    : tc([classLine(link, to)]);
}

/** Changes the limits of a container; undefined: of one direction nothing. */
export function limitScript(
  machine: MachineNetwork,
  { namespace, ephemeral }: Wiring,
  changes: {
    readonly egress: LimitChange | undefined;
    readonly ingress: LimitChange | undefined;
  },
): string {
  const { egress, ingress } = changes;
  return text([
    ...(egress ? inside(namespace, changeLines(machine, machine.eth0, egress)) : []),
    ...(ingress ? changeLines(machine, linkOf(ephemeral), ingress) : []),
  ]);
}

/** Gives the container its ports anew: those that stay have both filters for a moment. */
export function portsScript(
  machine: MachineNetwork,
  { namespace, ephemeral, ports }: Wiring,
  generation: Generation,
): string {
  const link = linkOf(ephemeral);
  const blocks = [ephemeral, ...ports];
  const older = otherGeneration(generation);
  return text([
    ...tcIfAny([
      ...withoutHostPorts(machine, ephemeral, generation),
      ...withoutLinkPorts(link, generation),
    ]),
    ...inside(namespace, [
      ...tcIfAny(withoutInsidePorts(machine, generation)),
      ...tc(insidePorts(machine, blocks, generation)),
    ]),
    ...tc([
      ...linkPorts(machine, link, blocks, generation),
      ...hostPorts(machine, ephemeral, blocks, generation),
    ]),
    ...tcIfAny([...withoutHostPorts(machine, ephemeral, older), ...withoutLinkPorts(link, older)]),
    ...inside(namespace, tcIfAny(withoutInsidePorts(machine, older))),
  ]);
}

/** Removes all that a container has on the machine, and prints what is left of it. */
export function detachScript(
  machine: Pick<MachineNetwork, 'eth0' | 'lo' | 'flowQueue'>,
  ephemeral: PortBlock,
): string {
  const { eth0, lo } = machine;
  const link = linkOf(ephemeral);
  const { icmp, arp, ports } = hostPriorities(ephemeral);
  const left = (of: string, priorities: readonly number[]) =>
    priorities.map((priority) => `filter show dev ${of} ingress pref ${priority}`);
  return text([
    `ip link del dev ${link} 2>/dev/null || :`,
    ...tcIfAny(withoutHostFilters(machine, ephemeral)),
    `ip -oneline link show dev ${link} 2>/dev/null || :`,
    ...tcIfAny([...left(eth0, [icmp, arp, ...ports]), ...left(lo, ports)]),
  ]);
}

/** Makes the machine's own links ready for containers. What is so already stays as it is. */
export function machineScript(machine: MachineNetwork, isLoAlike: boolean): string {
  const { eth0, lo, mac, mtu } = machine;
  return text([
    ...(isLoAlike ? [] : [`ip link set dev ${lo} mtu ${mtu} address ${mac}`]),
    ...[eth0, lo].flatMap((link) => [
      `case "$(tc qdisc show dev ${link})" in`,
      "*'qdisc ingress '* | *'qdisc clsact '*) ;;",
      `*) tc qdisc add dev ${link} ingress ;;`,
      'esac',
    ]),
    // Packets come back to lo from containers, with an address of the machine's own.
    set(`ipv4/conf/${lo}/route_localnet`, 1),
    ...['all', lo].flatMap((link) => [
      set(`ipv4/conf/${link}/rp_filter`, 0),
      set(`ipv4/conf/${link}/send_redirects`, 0),
    ]),
    set(`ipv4/conf/${lo}/accept_local`, 1),
  ]);
}

/** The queue of flows, which is made below `parent`, as traffic control writes it. */
export const flowQueueBelow = (parent: string) =>
  parent === 'root' ? '1:' : `${(Number.parseInt(parent, 16) + 1).toString(16)}:`;

/**
 * Shares the public link among flows. One that is there already is taken for that of an earlier
 * agent; what another one has made below the same parent is not replaced.
 */
export function flowsScript(machine: MachineNetwork, parent: string): string {
  const { eth0, flowQueue } = machine;
  const at = parent === 'root' ? 'root' : `parent ${parent}`;
  return text([
    `case "$(tc qdisc show dev ${eth0} ${at})" in`,
    `*'qdisc fq_codel ${flowQueue} '*) ;;`,
    `'' | *'qdisc '*' 0: '*) tc qdisc add dev ${eth0} ${at} handle ${flowQueue} fq_codel flows ${FLOWS} ;;`,
    `*) echo 'Egress qdisc already exists on ${eth0}' >&2; exit 1 ;;`,
    'esac',
    // Once there is a filter, what none takes is dropped: that for all others comes first.
    ...hostFlows(machine).flatMap(({ priority, line }) => [
      `[ -n "$(tc filter show dev ${eth0} parent ${flowQueue} pref ${priority})" ] ||`,
      `tc ${line}`,
    ]),
  ]);
}

/** Prints all filters and links among which those of containers are. */
export const leftoversScript = ({ eth0, lo }: MachineNetwork): string =>
  text([
    `tc filter show dev ${eth0} ingress`,
    `tc filter show dev ${lo} ingress`,
    'ip -oneline link show type veth',
  ]);

const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;
