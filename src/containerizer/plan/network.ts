// Networks of a container's own: what it asks for, and what it then has.
import type { NetworkInfo } from '../../model/generated/messages.ts';
import type { PortRanges } from './ports.ts';

/** What a container asks for, of one kind of network. */
export type NetworkAsked = CniAsked | PortsAsked;

export interface CniAsked {
  readonly kind: 'cni';
  /** Each has a name: the first becomes eth0, the next one eth1, and so on. */
  readonly networks: readonly NetworkInfo[];
  /** What is told of them besides addresses; undefined: what is asked for. */
  readonly told?: readonly NetworkInfo[] | undefined;
  /** Whether it is not for these networks what an operator says of names on CNI networks. */
  readonly hasOtherDns?: true | undefined;
  /** What the container calls its machine. */
  readonly hostname: string;
  /** Whether it is refused where no plugin takes the ports or addresses that it asks for. */
  readonly isStrict?: true | undefined;
}

export interface PortsAsked {
  readonly kind: 'ports';
  /** Of the agent's address. */
  readonly ports: PortRanges;
  readonly cpus: number;
}

/** What it then has. */
export interface AttachedNetwork {
  /** The file of its network namespace: an absolute path. */
  readonly namespace: string;
  /** What it calls its machine; undefined: what the agent does. */
  readonly hostname: string | undefined;
  /**
   * As statuses and views tell of it, in the order asked for; empty: it has the agent's address.
   */
  readonly infos: NetworkInfo[];
  /** What the networks say of names; undefined: the machine's resolv.conf. */
  readonly dns: NetworkDns | undefined;
}

export interface NetworkDns {
  readonly nameservers: readonly string[];
  readonly domain?: string | undefined;
  readonly search: readonly string[];
  readonly options: readonly string[];
}
