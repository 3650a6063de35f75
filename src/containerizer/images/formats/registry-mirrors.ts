// Servers that have the images of a registry, as `--docker_registry_mirrors` says. Pure.
import { isHost } from './reference.ts';
import { isSameRegistry, type RegistryAddress } from './registry-address.ts';

export interface Mirror {
  /** Host and port of the registry, as names of images have them. */
  readonly registry: string;
  readonly address: RegistryAddress;
  /** What the mirror has before each repository; empty, or ending with a slash. */
  readonly prefix: string;
}

const FORM = 'HOST=URL, such as docker.io=https://mirror.example.com';
const PATH = /^(?:\/[A-Za-z0-9][\w.-]*)*\/?$/;

/** One of the flag's values; the problem, if it can't be read. */
export function parseMirror(text: string): Mirror | { readonly problem: string } {
  const equals = text.indexOf('=');
  const registry = text.slice(0, Math.max(equals, 0));
  const match = /^(https?):\/\/([^/]*)(.*)$/.exec(text.slice(equals + 1));
  const [, scheme, host = '', path = ''] = match ?? [];
  if (!isHost(registry) || match === null || !isHost(host) || !PATH.test(path)) {
    return {
      problem: `expected ${FORM} (with no user, which belongs into --docker_config), got '${text}'`,
    };
  }
  // Some write the path that all requests have.
  const prefix = path.replace(/^\/v2(?=\/|$)/, '').replaceAll(/^\/|\/$/g, '');
  return {
    registry,
    address: { scheme: scheme === 'http' ? 'http' : 'https', host },
    prefix: prefix === '' ? '' : `${prefix}/`,
  };
}

export const mirrorsOf = (registry: string, mirrors: readonly Mirror[]): readonly Mirror[] =>
  mirrors.filter((mirror) => isSameRegistry(registry, mirror.registry));
