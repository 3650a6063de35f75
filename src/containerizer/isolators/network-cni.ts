// network/cni: containers whose NetworkInfos have names are on networks of these names, which
// plugins attach, and call their machine as they like. Others are on the agent's. What is nested in
// a container shares its networks, unless it names others.
import { namesBelowRoot } from '../../model/container-id.ts';
import type { NetworkInfo } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { addressesOf, nameFiles } from '../networks/name-files.ts';
import { commandEnvironment, layered } from '../plan/command-line.ts';
import type { AttachedNetwork, CniAsked } from '../plan/network.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import { type ContainerRequest, containerInfoOf } from '../plan/request.ts';
import type { NamespaceOf } from '../plan/surroundings.ts';
import type { Isolator } from './isolator.ts';

export const networkCni: Isolator = {
  name: 'network/cni',
  contribute(plan, request, { networkAbove }) {
    if (request.kind === 'debug') {
      return networkAbove === undefined ? plan : { ...plan, environment: listening(plan, request) };
    }
    const asked = networksAsked(request);
    if (asked !== undefined) {
      const sofar = { ...plan, network: asked };
      return request.network === undefined ? sofar : onNetwork(sofar, request, request.network);
    }
    const { hostname } = containerInfoOf(request) ?? {};
    if (hostname !== undefined) {
      throw new ContainerizerError(
        networkAbove === undefined
          ? "'container.hostname' is not supported without a network of the container's own: it has the agent's host name"
          : "'container.hostname' is not supported for a container that shares the network of the one it is nested in",
      );
    }
    return networkAbove === undefined ? plan : onNetwork(plan, request, networkAbove);
  },
};

function networksAsked(request: ContainerRequest): CniAsked | undefined {
  const info = containerInfoOf(request);
  const networks = (info?.network_infos ?? []).filter(({ name }) => name !== undefined);
  if (networks.length === 0) {
    return undefined;
  }
  requireOnce(networks);
  return { kind: 'cni', networks, hostname: hostnameOf(request) };
}

function requireOnce(networks: readonly NetworkInfo[]): void {
  const names = new Set<string>();
  for (const { name = '' } of networks) {
    if (names.has(name)) {
      // Mesos's words.
      throw new ContainerizerError(`Attempted to join CNI network '${name}' multiple times`);
    }
    names.add(name);
  }
}

/** The kernel's bound. */
const MOST_BYTES = 64;
const HOSTNAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/** Its own id where it does not say, as in Mesos. */
function hostnameOf(request: ContainerRequest): string {
  const hostname = containerInfoOf(request)?.hostname;
  if (hostname === undefined) {
    return (namesBelowRoot(request.id).at(-1) ?? request.id).slice(0, MOST_BYTES);
  }
  if (hostname.length > MOST_BYTES || !HOSTNAME.test(hostname)) {
    throw new ContainerizerError(
      `'container.hostname' ${JSON.stringify(hostname.slice(0, MOST_BYTES))} is no host name: it has at most ${MOST_BYTES} ` +
        'letters, digits, dots, hyphens and underscores',
    );
  }
  return hostname;
}

function onNetwork(
  plan: ContainerPlan,
  request: ContainerRequest,
  network: AttachedNetwork,
): ContainerPlan {
  const isOwn = network === request.network;
  const whose: NamespaceOf = isOwn ? 'own' : 'parent';
  const files = nameFiles(network);
  const [address] = addressesOf(network.infos);
  const isOver = (path: string) => files.some(({ target }) => target.below[0] === path);
  return {
    ...plan,
    environment: layered(
      listening(plan, request),
      // Built-in executors tell their tasks the agent's.
      address !== undefined && CONTAINER_IP in plan.environment ? { [CONTAINER_IP]: address } : {},
    ),
    namespaces: { ...plan.namespaces, mount: 'own', network: whose, uts: whose },
    networkNamespace: isOwn ? network.namespace : undefined,
    hostname: isOwn ? network.hostname : undefined,
    // The machine's, of a container with files of its own, are those of others here.
    volumeMounts: [
      ...plan.volumeMounts.filter(
        ({ source, target }) => source.kind !== 'machine' || !isOver(target.below[0] ?? ''),
      ),
      ...files,
    ],
  };
}

const CONTAINER_IP = 'MESOS_CONTAINER_IP';

/** An executor that uses libprocess listens on all addresses that it has. */
function listening({ environment }: ContainerPlan, { command }: ContainerRequest) {
  const { [LISTEN]: own } = commandEnvironment(command ?? {});
  return layered(environment, { [LISTEN]: own ?? '0.0.0.0' });
}

const LISTEN = 'LIBPROCESS_IP';
