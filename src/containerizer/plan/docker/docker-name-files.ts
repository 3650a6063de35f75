// The files by which a container of type DOCKER knows names: its own, as with docker. They are
// copies of the machine's, but for what is asked for.
import { addressesOf } from '../../networks/name-files.ts';
import type { AttachedNetwork, NetworkDns } from '../network.ts';
import type { VolumeMount } from '../volume-mounts.ts';
import { dockerError } from './docker-error.ts';
import type { DockerOptions } from './docker-options.ts';
import { resolvingIn } from './docker-resolving.ts';

/** Each goes with the launch of its container. */
const MOST_TEXT = 65_536;

export interface FilesOfMachine {
  /** The text of a file of the machine; empty where it is missing. */
  readonly text: (path: string) => string;
}

interface Named extends FilesOfMachine {
  /** Of the container's own. */
  readonly hostname: string | undefined;
  /** Undefined where it is in no network, or not yet. */
  readonly attached: AttachedNetwork | undefined;
  /** What the operator says of names in its network. */
  readonly dns: NetworkDns | undefined;
}

/** Throws ContainerizerError. */
export function withNameFiles(
  mounts: readonly VolumeMount[],
  { network, hosts, names }: DockerOptions,
  { hostname, attached, dns = attached?.dns, text }: Named,
): readonly VolumeMount[] {
  const given = new Set(names.map(firstWord));
  const resolving = (
    attached === undefined
      ? text('/etc/resolv.conf')
      : resolvingIn({ addresses: addressesOf(attached.infos), dns }, text)
  )
    .split('\n')
    .filter((line) => !given.has(firstWord(line)));
  const known = network === 'host' ? text('/etc/hosts') : LOOPBACK;
  const own = new Map([
    ['hostname', hostname === undefined ? text('/etc/hostname') : `${hostname}\n`],
    ['hosts', linesOf(known, [...hosts, ...ownLines(attached, hostname)])],
    ['resolv.conf', linesOf(resolving.join('\n'), names)],
  ]);
  const isAsked = hosts.length > 0 || names.length > 0;
  if (isAsked && [...own.values()].some((content) => content.length > MOST_TEXT)) {
    throw dockerError(
      `parameters 'add-host' and 'dns' are not supported here: the machine's files have more than ${MOST_TEXT} bytes`,
    );
  }
  return mounts.map((mount) => {
    const content = own.get(mount.target.below[0] ?? '');
    // A machine's file that is that long stays the machine's.
    return mount.source.kind !== 'machine' || content === undefined || content.length > MOST_TEXT
      ? mount
      : { ...mount, source: { kind: 'text', text: content }, isReadOnly: false };
  });
}

const firstWord = (line: string) => line.trim().split(/\s/, 1)[0];

/** Docker's. */
const LOOPBACK = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters`;

/** Its own name has all of its addresses. */
const ownLines = (attached: AttachedNetwork | undefined, hostname: string | undefined): string[] =>
  addressesOf(attached?.infos ?? []).map((address) => `${address}\t${hostname}`);

const linesOf = (before: string, more: readonly string[]) =>
  `${[before.trimEnd(), ...more].filter(Boolean).join('\n')}\n`;
