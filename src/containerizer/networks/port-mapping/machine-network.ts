// What containers share of the machine's network. Only types: machine-facts.ts finds it out.

export interface MachineNetwork {
  /** The names of the public link, and of the loopback one. */
  readonly eth0: string;
  readonly lo: string;
  /** Of the public link, as are all that follow. */
  readonly mac: string;
  readonly mtu: number;
  readonly ip: string;
  readonly prefix: number;
  readonly gateway: string;
  /** The queue that shares it among flows, as traffic control numbers it; undefined: none does. */
  readonly flowQueue: string | undefined;
  /** Whether the kernel can queue what a limited container sends by the flows that it is of. */
  readonly hasFlowQueues: boolean;
  /** Settings of the kernel that containers have as the machine has them: texts by file. */
  readonly tunables: ReadonlyMap<string, string>;
}
