// What is mounted on this machine, as this process sees it.
import { readFileSync } from 'node:fs';

export interface Mount {
  /** Where it is mounted: an absolute path. */
  readonly point: string;
  /** Its numbers, `major:minor`. */
  readonly device: string;
  /** What of the file system is mounted: a path in it. */
  readonly root: string;
}

/** Blanks, tabs, line ends and backslashes are in octal there. */
const ESCAPE = /\\([0-7]{3})/g;

/** In the order in which they were mounted. */
export function mounts(): Mount[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, , device, root, point] = line.split(' ');
      return device === undefined || root === undefined || point === undefined
        ? []
        : [{ device, root: unescaped(root), point: unescaped(point) }];
    });
}

const unescaped = (text: string) =>
  text.replaceAll(ESCAPE, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
