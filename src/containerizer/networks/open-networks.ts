// The networks of an agent's containers: each kind, whether this agent attaches containers to it or
// only detaches those of an earlier one.
import { join } from 'node:path';
import { supervisorProgram } from '../launchers/process/supervisor-program.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { type CniOptions, cniNetworks } from './cni/cni-networks.ts';
import { type ContainerDns, NO_DNS } from './container-dns.ts';
import { BRIDGE, BRIDGE_NETWORK, bridgeNetwork } from './docker/bridge.ts';
import { OwnLoopback } from './docker/own-loopback.ts';
import { Networks } from './networks.ts';
import { openPortMapping } from './port-mapping/open-port-mapping.ts';
import type { PortMappingOptions } from './port-mapping/port-mapping.ts';
import { portRemoval } from './port-mapping/removal.ts';
import {
  type NetworkStatisticsOptions,
  NO_NETWORK_STATISTICS,
} from './statistics/network-statistics.ts';

export interface NetworkOptions {
  /** The folder of network namespaces: an absolute path that only root can change. */
  readonly namespaces: string;
  readonly cni: Pick<CniOptions, 'configFolder' | 'pluginFolders'>;
  /** Of the bridge of containers of type DOCKER, such as 172.17.0.0/16; undefined: any free one. */
  readonly bridgeSubnet?: string | undefined;
  /** Undefined: this agent maps none. */
  readonly ports?: PortMappingOptions | undefined;
  /** Whether the figures of plugins are told, and what containers do on their networks. */
  readonly hasMetrics: boolean;
  /** What else is told of that; undefined: nothing. */
  readonly statistics?: NetworkStatisticsOptions | undefined;
  readonly dns: ContainerDns;
}

export interface NetworkParts {
  readonly work: WorkDirectory;
  /** Folders that may contain the supervisor program. */
  readonly programs: readonly string[];
  readonly warn: (text: string) => void;
}

/** Of an agent that attaches no container. */
const noNetworks = (work: WorkDirectory): NetworkOptions => ({
  namespaces: join(work.meta, 'namespaces'),
  cni: { configFolder: undefined, pluginFolders: '' },
  hasMetrics: false,
  dns: NO_DNS,
});

/** Rejects with ContainerizerError where a program is missing, or the machine lacks something. */
export async function openNetworks(
  options: NetworkOptions | undefined,
  { work, programs, warn }: NetworkParts,
): Promise<Networks> {
  const { namespaces, cni, bridgeSubnet, ports, hasMetrics, statistics, dns } =
    options ?? noNetworks(work);
  const programPath = process.env.PATH ?? '';
  const loopback = new OwnLoopback(BRIDGE, programPath);
  return new Networks({
    folder: work.networks,
    namespaces,
    program: await supervisorProgram(programs),
    kinds: {
      cni: cniNetworks({
        ...cni,
        builtIn: async (name) => {
          if (name !== BRIDGE_NETWORK) {
            return undefined;
          }
          const { pluginFolders } = cni;
          const network = await bridgeNetwork({ pluginFolders, subnet: bridgeSubnet });
          await loopback.keep();
          return network;
        },
        programPath,
        defaultDns: dns.cni,
        warn,
      }),
      ports: ports === undefined ? portRemoval : await openPortMapping(ports, warn),
    },
    hasMetrics: hasMetrics || ports !== undefined,
    statistics: statistics ?? NO_NETWORK_STATISTICS,
    warn,
  });
}
