// Networks of containers' own: what one asks for, what it then has, and what a kind of network does
// for it. A kind attaches a network namespace, which is there before the container's process is.
import type { NetworkInfo } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { PortRanges } from '../plan/ports.ts';

/** What a container asks for, of one kind of network. */
export type NetworkAsked = CniAsked | PortsAsked;
export type NetworkKindName = NetworkAsked['kind'];

export interface CniAsked {
  readonly kind: 'cni';
  /** Each has a name: the first becomes eth0, the next one eth1, and so on. */
  readonly networks: readonly NetworkInfo[];
  /** What the container calls its machine. */
  readonly hostname: string;
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

export interface Attachment<A extends NetworkAsked> {
  readonly id: ContainerId;
  /** The file of the network namespace: an absolute path. */
  readonly namespace: string;
  readonly asked: A;
  /** Puts what a later agent needs to undo this on record, as JSON: before it is done. */
  readonly note: (state: unknown) => Promise<void>;
  readonly abort: AbortSignal;
}

export type Attached = Pick<AttachedNetwork, 'infos' | 'dns'>;

/** One kind of network. */
export interface NetworkKind<A extends NetworkAsked = NetworkAsked> {
  /** Rejects with ContainerizerError; what was noted is detached then by whoever called this. */
  attach(attachment: Attachment<A>): Promise<Attached>;
  /**
   * `noted` is what was noted last; `namespace` is undefined where that is gone, as after a reboot.
   * May be repeated. Rejects where something is left.
   */
  detach(id: ContainerId, namespace: string | undefined, noted: unknown): Promise<void>;
  /** The resources of the container have changed. */
  update?(attachment: Omit<Attachment<A>, 'abort'>): Promise<void>;
  /** Takes over what an earlier agent has attached. */
  recover?(id: ContainerId, namespace: string, noted: unknown): Promise<void>;
  /** By Mesos's names. */
  metrics?(): Readonly<Record<string, number>>;
  close?(): void;
}
