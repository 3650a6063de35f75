// The networks of containers of type DOCKER, by the agent's flags.
import type { DockerNetworks } from '../../containerizer/isolators/docker-containers.ts';
import { BRIDGE_NETWORK } from '../../containerizer/networks/docker/bridge.ts';
import { subnetIn } from '../../containerizer/networks/docker/subnets.ts';
import { networkNameError } from '../../model/network-info.ts';
import { FlagError } from '../flags/faults.ts';
import { containerDns } from './container-dns.ts';
import type { AgentFlagValues } from './options.ts';

/** Throws FlagError. */
export function dockerNetworks(values: AgentFlagValues): DockerNetworks {
  const { docker, dockerBridge } = containerDns(values.default_container_dns);
  const { docker_bridge_network: bridge = '', containerizers } = values;
  if (bridge !== '' && !containerizers.includes('docker')) {
    throw new FlagError('--docker_bridge_network needs docker in --containerizers');
  }
  requireNetwork(bridge);
  return {
    bridge: bridge === '' || isSubnet(bridge) ? BRIDGE_NETWORK : bridge,
    dns: { docker, dockerBridge },
  };
}

/** Of the bridge that the agent makes; undefined: any that is free. */
export const bridgeSubnet = ({ docker_bridge_network: bridge }: AgentFlagValues) =>
  bridge !== undefined && isSubnet(bridge) ? bridge : undefined;

const isSubnet = (text: string) => text.includes('/');

/** It has addresses for the bridge and for one container at least. */
const MOST_BITS = 30;

function requireNetwork(text: string): void {
  const subnet = subnetIn(text);
  const isWrong = isSubnet(text)
    ? subnet === undefined || subnet.bits > MOST_BITS || subnet.bits === 0
    : text !== '' && networkNameError(text) !== undefined;
  if (isWrong) {
    throw new FlagError(
      `--docker_bridge_network expects addresses such as 172.17.0.0/16, or the name of a network, got '${text}'`,
    );
  }
}
