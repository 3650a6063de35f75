// The files of an image as a step of the runtime's stage, in the form in which the supervisor reads
// it (supervisor/rootfs.c).
import type { RootFileSystem } from '../../images/provisioner.ts';
import { stepWord } from './step-words.ts';

/**
 * Mounts them at the folder `rootfs`, in the mount namespace of the stage. `isRoot`: whether the
 * agent is.
 */
export const rootStep = (root: RootFileSystem, rootfs: string, isRoot: boolean): string[] => [
  'root',
  rootfs,
  rootWords(root, isRoot),
];

/** What to mount, by itself. */
export const rootWords = (root: RootFileSystem, isRoot: boolean): string =>
  root.kind === 'overlay'
    ? [
        'overlay',
        isRoot ? 'trusted' : 'user',
        ...[root.upper, root.work, ...root.layers].map(stepWord),
      ].join(' ')
    : ['folder', root.isReadOnly ? 'ro' : 'rw', stepWord(root.path)].join(' ');
