// The network of containers of type DOCKER that ask for BRIDGE. It is configured here, for CNI
// plugins, as docker has its own; these make the bridge with the first of such containers.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { orNoEntry } from '../../../filesystem/folder.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { serversIn } from '../../plan/docker/docker-resolving.ts';
import { type NetworkList, networkListIn } from '../cni/configuration.ts';
import { pluginPath } from '../cni/plugin-programs.ts';
import { freeSubnet, routesIn, subnetIn, subnetText } from './subnets.ts';

/** Its name for plugins. */
export const BRIDGE_NETWORK = 'docker-bridge';

/** The link on the machine. */
export const BRIDGE = 'mesoscale0';

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

/** Of the kernel's list of routes, of which a machine has some dozens. */
const MOST_BYTES = 2 ** 20;

/** Rejects with ContainerizerError. */
async function ownSubnet(): Promise<string> {
  const routes = await text(createReadStream('/proc/net/route', { end: MOST_BYTES }));
  const servers = serversIn(
    ((await readFile('/etc/resolv.conf', 'utf8').catch(orNoEntry)) ?? '').split('\n'),
  );
  // Nobody would reach those servers any more, whichever route leads there.
  const used = [...routesIn(routes), ...servers.flatMap((it) => subnetIn(`${it}/32`) ?? [])];
  const subnet = routes.length > MOST_BYTES ? undefined : freeSubnet(used, BRIDGE);
  if (subnet === undefined) {
    throw new ContainerizerError(
      'The network BRIDGE has no addresses: none from 172.17.0.0/16 to 172.31.0.0/16 are known to be free ' +
        'on this machine; --docker_bridge_network of the agent names others',
    );
  }
  return subnetText(subnet);
}
