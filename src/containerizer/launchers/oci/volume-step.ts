// A volume as a step of the runtime's stage, in the form in which the supervisor reads it
// (supervisor/volumes.c). Not for records: some are secrets.
import type { SplitPath, VolumeMount } from '../../plan/volume-mounts.ts';
import { rootStep } from './root-step.ts';
import { stepWord } from './step-words.ts';

export interface VolumePlaces {
  /** The folder that becomes the container's `/`. */
  readonly rootfs: string;
  /** Whether that has files of its own: what is missing on the way to a volume is made there. */
  readonly isOwn: boolean;
  /** Whether the machine's processes are seen in the container. */
  readonly seesProcesses: boolean;
  /** A folder where the volume is mounted first, if it is an image. */
  readonly image: string;
  /** Whether the agent is root. */
  readonly isRoot: boolean;
}

export function volumeSteps(mount: VolumeMount, places: VolumePlaces): string[] {
  const { source } = mount;
  const before =
    source.kind === 'image'
      ? [...rootStep(source.root, places.image, places.isRoot), 'plain', places.image, '']
      : [];
  return [...before, places.isOwn ? 'into' : 'volume', places.rootfs, textOf(mount, places)];
}

function textOf(
  { source, target, isReadOnly }: VolumeMount,
  { image, seesProcesses }: VolumePlaces,
): string {
  const mode = isReadOnly ? 'ro' : 'rw';
  const to = wordsOf(target);
  const at = (path: string) => wordsOf({ top: path, below: [] });
  switch (source.kind) {
    case 'host':
      return `volume ${mode} there ${at(source.path)} ${to}`;
    case 'asked':
      return `volume ${mode} ${seesProcesses || source.showsProcesses === true ? 'asked' : 'apart'} ${at(source.path)} ${to}`;
    case 'machine':
      return `volume ${mode} machine ${at(source.path)} ${to}`;
    case 'image':
      return `volume ${mode} there ${at(image)} ${to}`;
    case 'sandbox':
      return `volume ${mode} made ${wordsOf(source.place)} ${to}`;
    case 'secret':
      return `secret ${mode} ${to} ${hexOf(source.data)}`;
    case 'text':
      return `text ${mode} ${to} ${hexOf(Buffer.from(source.text))}`;
  }
}

const hexOf = (data: Uint8Array) => Buffer.from(data).toString('hex').toUpperCase() || '-';

const wordsOf = ({ top, below }: SplitPath) =>
  `${stepWord(top)} ${stepWord(below.join('/')) || '-'}`;
