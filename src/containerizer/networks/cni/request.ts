// What a plugin is told on its input: its configuration, and what is so for one container.
import type { NetworkInfo } from '../../../model/generated/messages.ts';
import { jsonValue } from '../../../wire/json.ts';
import { types } from '../../../wire/types.ts';
import { type Fields, optionalFields } from '../../images/formats/fields.ts';
import { MESOS_ARGS, type NetworkList, type PluginConfiguration } from './configuration.ts';
import { sortedJson } from './json-values.ts';
import { PORT_MAPPINGS } from './port-mapper.ts';
import { protocolOf } from './port-mappings.ts';
import type { CniVersion } from './versions.ts';

export interface PluginRequest {
  readonly network: Pick<NetworkList, 'name'>;
  readonly plugin: PluginConfiguration;
  readonly cniVersion: CniVersion;
  /** What the container has asked for. */
  readonly asked?: NetworkInfo | undefined;
  /** In the form of that version. */
  readonly prevResult?: Fields | undefined;
  /** Of GC: the attachments that are still valid. */
  readonly valid?: readonly ValidAttachment[] | undefined;
}

export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

export function requestText(request: PluginRequest): string {
  const { network, plugin, cniVersion, asked, prevResult, valid } = request;
  const { capabilities: _, ...raw } = plugin.raw;
  return sortedJson({
    ...raw,
    name: network.name,
    cniVersion,
    ...(asked && forContainer(plugin, asked)),
    ...(prevResult && { prevResult }),
    // Texts of the specification have had both names.
    ...(valid && { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid }),
  });
}

function forContainer(plugin: PluginConfiguration, asked: NetworkInfo): Fields {
  const network_info = jsonValue(types.NetworkInfo, asked);
  const runtimeConfig = Object.fromEntries(
    Object.entries(capabilityArguments(asked)).filter(
      ([name, value]) => value.length > 0 && plugin.capabilities.includes(name),
    ),
  );
  return {
    args: { ...optionalFields(plugin.raw.args, 'args'), [MESOS_ARGS]: { network_info } },
    ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
  };
}

/** By the names that the conventions of CNI give them. */
/** Of those that the container asks for, those that no plugin has. */
export const lackedCapabilities = ({ plugins }: NetworkList, asked: NetworkInfo): string[] =>
  Object.entries(capabilityArguments(asked))
    .filter(([, value]) => value.length > 0)
    .map(([name]) => name)
    .filter((name) => !plugins.some(({ capabilities }) => capabilities.includes(name)));

const capabilityArguments = ({ port_mappings = [], ip_addresses = [] }: NetworkInfo) => ({
  [PORT_MAPPINGS]: port_mappings.map((mapping) => ({
    hostPort: mapping.host_port,
    containerPort: mapping.container_port,
    protocol: protocolOf(mapping),
  })),
  ips: ip_addresses.flatMap(({ ip_address }) => ip_address || []),
});
