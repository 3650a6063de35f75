// What a kind of network does for containers: it attaches their network namespaces, which are there
// before their processes are.
import type { ResourceStatistics } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import type { AttachedNetwork, NetworkAsked } from '../plan/network.ts';
import type { MeasuredLinks } from './statistics/network-statistics.ts';

export type NetworkKindName = NetworkAsked['kind'];

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
  /** What of a container's statistics is known without a look at it. */
  statistics?(id: ContainerId): Partial<ResourceStatistics>;
  /** What else is counted; without, its links: eth0, eth1 and so on, one for each network. */
  links?(id: ContainerId): MeasuredLinks | undefined;
  /** What a container that is being attached waits for; undefined where that is not known. */
  awaited?(id: ContainerId): string | undefined;
  /** By Mesos's names. */
  metrics?(): Readonly<Record<string, number>>;
  close?(): void;
}
