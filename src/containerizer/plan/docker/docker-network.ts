// The network of a container of type DOCKER. Those that need an address of the container's own are
// refused here, and nowhere else.
import { enumNames } from '../../../model/enum-names.ts';
import {
  type ContainerInfo,
  ContainerInfo_DockerInfo_Network as Network,
} from '../../../model/generated/messages.ts';
import { dockerError } from './docker-error.ts';

/** `host`: the agent's. `none`: one of its own, in which there is only the loopback device. */
export type DockerNetwork = 'host' | 'none';

const nameOf = enumNames(Network);

/** Throws ContainerizerError. */
export function networkOf(network: Network, info: ContainerInfo): DockerNetwork {
  const isMapped = (info.docker?.port_mappings ?? []).length > 0;
  switch (network) {
    case Network.HOST:
    case Network.NONE:
      if (isMapped) {
        // Mesos's words.
        throw dockerError('Port mappings are only supported for bridge and user-defined networks');
      }
      return network === Network.HOST ? 'host' : 'none';
    case Network.BRIDGE:
    case Network.USER:
      throw dockerError(
        `'container.docker.network' ${nameOf(network)} is not supported: containers have the ` +
          "agent's network (HOST) or none (NONE)",
      );
    default:
      throw dockerError(`Unsupported Network mode: ${String(network)}`);
  }
}

/** As `docker run --network` has it. Throws ContainerizerError. */
export function networkNamed(name: string): DockerNetwork {
  if (name !== 'host' && name !== 'none') {
    throw dockerError(
      `the network '${name}' of parameter 'network' is not supported: containers have the agent's ` +
        "network ('host') or none ('none')",
    );
  }
  return name;
}
