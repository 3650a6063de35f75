// A volume as a step of the runtime's stage, in the form in which the supervisor reads it
// (supervisor/volumes.c). Not for records: some are secrets.
import type { SplitPath, VolumeMount } from '../../plan/volume-mounts.ts';

/** `rootfs` is the folder that becomes the container's `/`. */
export const volumeStep = (mount: VolumeMount, rootfs: string): string[] => [
  'volume',
  rootfs,
  textOf(mount),
];

function textOf({ source, target, isReadOnly }: VolumeMount): string {
  const mode = isReadOnly ? 'ro' : 'rw';
  const to = wordsOf(target);
  switch (source.kind) {
    case 'host':
      return `volume ${mode} there ${wordsOf({ top: source.path, below: [] })} ${to}`;
    case 'asked':
      return `volume ${mode} asked ${wordsOf({ top: source.path, below: [] })} ${to}`;
    case 'sandbox':
      return `volume ${mode} made ${wordsOf(source.place)} ${to}`;
    case 'secret':
      return `secret ${mode} ${to} ${Buffer.from(source.data).toString('hex').toUpperCase() || '-'}`;
  }
}

const wordsOf = ({ top, below }: SplitPath) => `${word(top)} ${word(below.join('/')) || '-'}`;

const word = (text: string) =>
  [...Buffer.from(text)]
    .map((byte) => (PLAIN.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : hex(byte)))
    .join('');

const PLAIN = /[A-Za-z0-9/._]/;

const hex = (byte: number) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
