// What the machine's network is like, as the programs ip and tc, and the kernel's files, tell.
import { readFile } from 'node:fs/promises';
import { errorText } from '../../../model/error-text.ts';
import type { Value_Range } from '../../../model/generated/messages.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { isAbsence } from '../../records/record-file.ts';
import type { MachineNetwork } from './machine-network.ts';

/** Prints routes, and links with their addresses: a line of JSON each. */
export const FACTS_SCRIPT = 'ip -json -4 route show default\nip -json address show\n';

export interface LinkNames {
  /** Undefined: the link of the default route. */
  readonly eth0: string | undefined;
  /** Undefined: the one with the address 127.0.0.1. */
  readonly lo: string | undefined;
}

interface Route {
  readonly gateway?: string;
  readonly dev?: string;
}

interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly address?: string;
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

export type MachineLinks = Omit<MachineNetwork, 'flowQueue' | 'hasFlowQueues' | 'tunables'> & {
  /** Whether the loopback link has the address and the MTU of the public one. */
  readonly isLoAlike: boolean;
};

/** Throws ContainerizerError, in Mesos's words, where something is missing. */
export function machineLinks(output: string, names: LinkNames): MachineLinks {
  const [routes = [], links = []] = output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line)) as [Route[]?, Link[]?];
  const publicLink = linkOf(links, 'public', names.eth0 ?? routes.find(({ dev }) => dev)?.dev);
  const loopback = linkOf(
    links,
    'loopback',
    names.lo ?? links.find((link) => addressOf(link)?.local === '127.0.0.1')?.ifname,
  );
  const { ifname: eth0, mtu, address: mac } = publicLink;
  const address = addressOf(publicLink);
  if (address === undefined) {
    throw new ContainerizerError(
      `Failed to get the public IP network of ${eth0}: does not have an IPv4 network`,
    );
  }
  if (mac === undefined) {
    throw new ContainerizerError(
      `Failed to get the MAC address of ${eth0}: does not have a MAC address`,
    );
  }
  const gateway = routes.find(({ dev }) => dev === eth0)?.gateway;
  if (gateway === undefined) {
    throw new ContainerizerError(
      `Failed to get the default gateway of the host: no default route has a gateway by ${eth0}`,
    );
  }
  return {
    eth0,
    lo: loopback.ifname,
    mac,
    mtu,
    ip: address.local,
    prefix: address.prefixlen,
    gateway,
    isLoAlike: loopback.address === mac && loopback.mtu === mtu,
  };
}

const addressOf = ({ addr_info: all = [] }: Link) => all.find(({ family }) => family === 'inet');

/** Links may have nearly any name, and those of these are words of scripts. */
const NAME = /^[\w.-]+$/;

function linkOf(links: readonly Link[], kind: string, name: string | undefined): Link {
  if (name === undefined) {
    throw new ContainerizerError(
      `Network Isolator failed to find a ${kind} interface: does not have a ${kind} interface`,
    );
  }
  if (!NAME.test(name)) {
    throw new ContainerizerError(
      `The ${kind} interface '${name}' cannot be used: its name has more than letters, digits, '.', '_' and '-'`,
    );
  }
  const link = links.find(({ ifname }) => ifname === name);
  if (link === undefined) {
    throw new ContainerizerError(`The ${kind} interface ${name} does not exist`);
  }
  return link;
}

/** As in Mesos, containers have these as the machine has them. */
const TUNABLES = [
  'core/somaxconn',
  'core/rmem_max',
  'core/wmem_max',
  'core/netdev_max_backlog',
  'ipv4/tcp_ecn',
  'ipv4/tcp_ecn_fallback',
  'ipv4/tcp_keepalive_time',
  'ipv4/tcp_keepalive_intvl',
  'ipv4/tcp_keepalive_probes',
  'ipv4/tcp_max_syn_backlog',
  'ipv4/tcp_rmem',
  'ipv4/tcp_wmem',
  'ipv4/tcp_retries2',
  'ipv4/tcp_synack_retries',
  'ipv4/neigh/default/gc_thresh1',
  'ipv4/neigh/default/gc_thresh2',
  'ipv4/neigh/default/gc_thresh3',
];

/** Those that this kernel has. */
export async function tunables(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of TUNABLES) {
    const value = (await textOf(`/proc/sys/net/${file}`))?.trim();
    if (value !== undefined && /^[\d\s]+$/.test(value)) {
      found.set(file, value.replaceAll(/\s+/g, ' '));
    }
  }
  return found;
}

/** The ports that the kernel gives to processes of the machine. Throws ContainerizerError. */
export async function machinePorts(): Promise<Value_Range> {
  const text = (await textOf('/proc/sys/net/ipv4/ip_local_port_range')) ?? '';
  const [begin, end] = text.trim().split(/\s+/).map(Number);
  if (begin === undefined || end === undefined) {
    throw new ContainerizerError(`Unexpected format from host ip_local_port_range: '${text}'`);
  }
  return { begin, end };
}

/** Megabits a second, as the kernel tells the speed of a link. */
const MEGABIT_BYTES = 1_000_000 / 8;

/** Bytes a second; undefined where its driver does not tell. */
export async function linkSpeed(link: string): Promise<number | undefined> {
  const megabits = Number(await textOf(`/sys/class/net/${link}/speed`).catch(() => undefined));
  return megabits > 0 && megabits < 0xffff_ffff ? megabits * MEGABIT_BYTES : undefined;
}

/** Undefined where there is no such file. Throws ContainerizerError. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw new ContainerizerError(`Failed to read '${path}': ${errorText(error)}`, { cause: error });
  }
}
