// What an operator tells containers of names, by the networks that they are on.

import type { NetworkDns } from '../plan/network.ts';
import type { DefaultDns } from './cni/dns.ts';

export interface ContainerDns {
  /** Of networks of containers of type MESOS. */
  readonly cni: DefaultDns;
  /** Of networks that containers of type DOCKER name. */
  readonly docker: DefaultDns;
  /** Of the network of those that name none. */
  readonly dockerBridge: NetworkDns | undefined;
}

const NONE: DefaultDns = { networks: new Map(), others: undefined };

export const NO_DNS: ContainerDns = { cni: NONE, docker: NONE, dockerBridge: undefined };
