// A volume as a step of the runtime's stage, in the form in which the supervisor reads it
// (supervisor/volumes.c). Not for records: some are secrets.
import type { SplitPath, VolumeMount } from '../../plan/volume-mounts.ts';
import { stepWord } from './step-words.ts';

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

const wordsOf = ({ top, below }: SplitPath) =>
  `${stepWord(top)} ${stepWord(below.join('/')) || '-'}`;
