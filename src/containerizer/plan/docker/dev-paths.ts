// Paths in the machine's /dev, which is root's: what is there may be bound into a container without
// a look at whose it is. What any user can change is not among them.
import { pathNames } from '../../../model/paths.ts';

/** Folders in /dev that all users write to. */
const OPEN: ReadonlySet<string | undefined> = new Set(['shm', 'mqueue']);
/** Links to what the process has open that follows them, to memory, and terminals of others. */
const NEVER: ReadonlySet<string | undefined> = new Set(
  'core fd pts stderr stdin stdout'.split(' '),
);

export function isInDev(path: string): boolean {
  const [top, ...below] = pathNames(path);
  return (
    path.startsWith('/') &&
    top === 'dev' &&
    !NEVER.has(below[0]) &&
    below.length > 0 &&
    !below.includes('..') &&
    (below.length === 1 || !OPEN.has(below[0]))
  );
}
