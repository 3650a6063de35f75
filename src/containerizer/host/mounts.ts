// The mounts of this machine, as this process sees them.
import { isWithin } from '../../model/paths.ts';
import { readText } from '../records/record-file.ts';

export interface Mount {
  /** The absolute path of the mount point. */
  readonly point: string;
  /** The device numbers, `major:minor`. */
  readonly device: string;
  /** The kind of file system, such as xfs. */
  readonly type: string;
  /** The path within the file system that is mounted. */
  readonly root: string;
  /** Whether what is mounted on it is seen in other mount namespaces. */
  readonly isShared: boolean;
  /** Those of the file system: in v1 of cgroups, the controllers of the hierarchy. */
  readonly options: readonly string[];
}

/** In the file, blanks, tabs, line ends and backslashes are octal. */
const ESCAPE = /\\([0-7]{3})/g;

/** In the order of mounting; none where the system does not tell. */
export function mounts(): Mount[] {
  return (readText('/proc/self/mountinfo', 'utf8') ?? '').split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , device, root, point, , ...tags] = left.split(' ');
    const [type = '', , options = ''] = right.split(' ');
    return device === undefined || root === undefined || point === undefined
      ? []
      : [
          {
            device,
            root: unescaped(root),
            point: unescaped(point),
            type,
            isShared: tags.some((tag) => tag.startsWith('shared:')),
            options: options.split(','),
          },
        ];
  });
}

/** The mount with this file or folder, the newest of several at one place. `path` has no links. */
export const mountOf = (path: string, all: readonly Mount[] = mounts()): Mount | undefined =>
  all
    .filter(({ point }) => point === '/' || isWithin(path, point))
    .reduce<Mount | undefined>(
      (found, mount) =>
        found === undefined || mount.point.length >= found.point.length ? mount : found,
      undefined,
    );

const unescaped = (text: string) =>
  text.replaceAll(ESCAPE, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
