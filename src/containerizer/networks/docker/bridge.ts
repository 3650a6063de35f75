// The network of containers of type DOCKER that ask for BRIDGE. It is configured here, for CNI
// plugins, as docker has its own; these make the bridge with the first of such containers.
import { readFile } from 'node:fs/promises';
import { ContainerizerError } from '../../containerizer-error.ts';
import { type NetworkList, networkListIn } from '../cni/configuration.ts';
import { pluginPath } from '../cni/plugin-programs.ts';
import { freeSubnet, routesIn, subnetText } from './subnets.ts';

/** Its name for plugins. */
export const BRIDGE_NETWORK = 'docker-bridge';

/** The link on the machine. */
const BRIDGE = 'mesoscale0';

/** Which addresses are in use, until the machine restarts: the same for all agents of a machine. */
const LEASES = '/run/mesoscale/docker-bridge';

export interface BridgeOptions {
  /** Where plugins are: folders, separated by colons. */
  readonly pluginFolders: string;
  /** Of its addresses, such as 172.17.0.0/16; undefined: one that is free. */
  readonly subnet: string | undefined;
}

/** Its configuration at this moment. Rejects with ContainerizerError. */
export async function bridgeNetwork({
  pluginFolders,
  subnet: given,
}: BridgeOptions): Promise<NetworkList> {
  for (const plugin of NEEDED) {
    if ((await pluginPath(pluginFolders, plugin)) === undefined) {
      throw new ContainerizerError(
        `The network BRIDGE needs the CNI plugin '${plugin}', which is not in '${pluginFolders}' ` +
          '(--network_cni_plugins_dir of the agent)',
      );
    }
  }
  const subnet = given ?? (await ownSubnet());
  const hasFirewall = (await pluginPath(pluginFolders, 'firewall')) !== undefined;
  const configuration = {
    // The newest that all plugins since 0.8 speak.
    cniVersion: '0.4.0',
    name: BRIDGE_NETWORK,
    plugins: [
      {
        type: 'bridge',
        bridge: BRIDGE,
        isGateway: true,
        ipMasq: true,
        // A container reaches itself by the machine's ports, too.
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: LEASES,
          ranges: [[{ subnet }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      // Where the machine forwards nothing, it forwards what is theirs.
      ...(hasFirewall ? [{ type: 'firewall' }] : []),
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
  return networkListIn(Buffer.from(JSON.stringify(configuration))).list;
}

const NEEDED = ['bridge', 'host-local', 'portmap'];

async function ownSubnet(): Promise<string> {
  const subnet = freeSubnet(routesIn(await readFile('/proc/net/route', 'utf8')), BRIDGE);
  if (subnet === undefined) {
    throw new ContainerizerError(
      'The network BRIDGE has no addresses: all from 172.17.0.0/16 to 172.31.0.0/16 are in use on this ' +
        'machine; --docker_bridge_network of the agent names others',
    );
  }
  return subnetText(subnet);
}
