// The files by which a container of type DOCKER knows names: its own, as with docker. They are
// copies of the machine's, but for what is asked for.
import type { VolumeMount } from '../volume-mounts.ts';
import { dockerError } from './docker-error.ts';
import type { DockerOptions } from './docker-options.ts';

/** Each goes with the launch of its container. */
const MOST_TEXT = 65_536;

export interface FilesOfMachine {
  /** The text of a file of the machine; empty where it is missing. */
  readonly text: (path: string) => string;
}

/** `hostname`: of the container's own. Throws ContainerizerError. */
export function withNameFiles(
  mounts: readonly VolumeMount[],
  { network, hosts, names }: DockerOptions,
  { hostname, text }: FilesOfMachine & { readonly hostname: string | undefined },
): readonly VolumeMount[] {
  const given = new Set(names.map(firstWord));
  const resolving = text('/etc/resolv.conf')
    .split('\n')
    .filter((line) => !given.has(firstWord(line)));
  const own = new Map([
    ['hostname', hostname === undefined ? text('/etc/hostname') : `${hostname}\n`],
    ['hosts', linesOf(network === 'none' ? LOOPBACK : text('/etc/hosts'), hosts)],
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

const LOOPBACK = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback';

const linesOf = (before: string, more: readonly string[]) =>
  `${[before.trimEnd(), ...more].filter(Boolean).join('\n')}\n`;
