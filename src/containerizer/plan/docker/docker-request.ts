// A request for a container of type DOCKER in the form that isolators know: volumes among its
// parameters stand beside the others, and the rest of what it asks for is read once for them all.
import { type ContainerInfo, type Volume, Volume_Mode } from '../../../model/generated/messages.ts';
import { type ContainerRequest, containerInfoOf, isOfDocker } from '../request.ts';
import { isInDev } from './dev-paths.ts';
import { dockerError } from './docker-error.ts';
import { requirePortResources } from './docker-network.ts';
import { dockerOptions } from './docker-options.ts';

/** Any other request is as it was. Throws ContainerizerError. */
export function dockerRequest(request: ContainerRequest): ContainerRequest {
  const info = containerInfoOf(request);
  const { executor } = request;
  if (info === undefined || executor === undefined || !isOfDocker(request)) {
    return request;
  }
  for (const volume of info.volumes ?? []) {
    requirePossible(volume);
  }
  const options = dockerOptions(info);
  requirePortResources(options, request.resources);
  const volumes = [
    ...(info.volumes ?? []),
    ...options.volumes.map(
      ({ host, target, isReadOnly }): Volume => ({
        host_path: host,
        container_path: target,
        mode: isReadOnly ? Volume_Mode.RO : Volume_Mode.RW,
      }),
    ),
  ];
  const container: ContainerInfo = { ...info, volumes: volumes.filter((it) => !isOfDev(it)) };
  return {
    ...request,
    executor: { ...executor, container },
    docker: {
      options,
      devVolumes: volumes.filter(isOfDev).map(({ host_path: host = '', container_path, mode }) => ({
        host,
        target: container_path,
        isReadOnly: mode === Volume_Mode.RO,
      })),
    },
  };
}

/** A container's /dev is made after its volumes: these are mounted there by the runtime. */
const isOfDev = ({ host_path: host, container_path: target }: Volume): boolean =>
  host !== undefined && isInDev(host) && isInDev(target);

function requirePossible({ host_path: host, container_path: target }: Volume): void {
  if (host !== undefined && !host.startsWith('/') && !target.startsWith('/')) {
    // Mesos's words.
    throw dockerError(
      `Both host_path '${host}' and container_path '${target}' of a volume are relative`,
    );
  }
}
