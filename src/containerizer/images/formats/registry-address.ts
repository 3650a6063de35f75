// Where images of Docker are pulled from: the registry that a name or `--docker_registry` names.
import type { ImageReference } from '../image.ts';
import { folderOf } from './folder-url.ts';
import { isHost } from './reference.ts';

export interface RegistryAddress {
  readonly scheme: 'http' | 'https';
  /** Host, with the port if there is one. */
  readonly host: string;
}

export type DockerSource =
  | { readonly kind: 'registry'; readonly address: RegistryAddress }
  /** A folder of image archives. */
  | { readonly kind: 'archives'; readonly folder: string }
  /** The same in a system that a Hadoop client can read. */
  | { readonly kind: 'hadoop'; readonly url: string };

/** Of `--docker_registry`; the problem, if it can't be read. */
export function parseDockerSource(text: string): DockerSource | { readonly problem: string } {
  const folder = folderOf(text);
  if (folder !== undefined) {
    return { kind: 'archives', folder };
  }
  if (/^hdfs:\/\/[^?#\0]*$/.test(text) && URL.canParse(text)) {
    return { kind: 'hadoop', url: text };
  }
  const match = /^(https?):\/\/([^/]*)(\/(?:v[12]\/?)?)?$/.exec(text);
  const [, scheme, host = ''] = match ?? [];
  if (match === null || !isHost(host)) {
    return {
      problem:
        'expected the URL of a registry, such as https://registry.example.com:5000 (with no user, ' +
        'which belongs into --docker_config, and no path), or the absolute path of a folder of ' +
        'image archives, or the hdfs:// URL of one',
    };
  }
  return { kind: 'registry', address: { scheme: scheme === 'http' ? 'http' : 'https', host } };
}

const DOCKER_HUB = 'registry-1.docker.io';

export function isDockerHub(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'docker.io' || name.endsWith('.docker.io');
}

/** All names of Docker Hub stand for the same registry. */
export const isSameRegistry = (one: string, other: string): boolean =>
  one === other || (isDockerHub(one) && isDockerHub(other));

/** The registry and the repository in it. The official images of Docker Hub are in `library`. */
export function placeOf(
  reference: ImageReference,
  usual: RegistryAddress,
): { readonly address: RegistryAddress; readonly repository: string } {
  const address = addressOf(reference.registry, usual);
  const { repository } = reference;
  const isOfficial = isDockerHub(address.host) && !repository.includes('/');
  return { address, repository: isOfficial ? `library/${repository}` : repository };
}

/**
 * A registry that a name gives is asked without TLS only if it is on this machine, or if the
 * operator has said so by `--docker_registry`.
 */
function addressOf(host: string | undefined, usual: RegistryAddress): RegistryAddress {
  if (host === undefined || host === usual.host) {
    return usual;
  }
  if (host === 'docker.io' || host === 'index.docker.io') {
    return { scheme: 'https', host: DOCKER_HUB };
  }
  const port = /:(\d+)$/.exec(host)?.[1];
  const isLocal = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(host);
  const isPlain = isLocal && port !== undefined && port !== '443';
  return { scheme: isPlain ? 'http' : 'https', host };
}
