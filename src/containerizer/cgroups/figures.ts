// Reads the figures of cgroups. They are read often and for all containers, so that a file costs
// three system calls and no more than its text.
import { closeSync, type Dirent, openSync, readdirSync, readSync } from 'node:fs';
import { isAbsence, withDescriptor } from '../records/record-file.ts';

/** Statistics of memory, the longest of these files, have a tenth of that. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Undefined where the kernel has no such file, or the cgroup was removed. */
export function readCgroup(folder: string, file: string): string | undefined {
  try {
    return withDescriptor(() => {
      const fd = openSync(`${folder}/${file}`, 'r');
      try {
        return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
      } finally {
        closeSync(fd);
      }
    });
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw error;
  }
}

/** A file that is one number; undefined as above, and where it is none, such as `max`. */
export function numberIn(folder: string, file: string): number | undefined {
  const text = readCgroup(folder, file);
  const number = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  return Number.isNaN(number) ? undefined : number;
}

/** The lines of a file, of which each is a process or a thread. */
export function countIn(folder: string, file: string): number | undefined {
  const text = readCgroup(folder, file);
  return text === undefined ? undefined : text.split('\n').length - 1;
}

/** The same, with those of the cgroups below: in v2 only these have any. */
export function countBelow(folder: string, file: string): number | undefined {
  const own = countIn(folder, file);
  if (own === undefined) {
    return undefined;
  }
  let below: readonly Dirent[] = [];
  try {
    below = withDescriptor(() => readdirSync(folder, { withFileTypes: true }));
  } catch (error) {
    if (!isAbsence(error)) {
      throw error;
    }
  }
  return below
    .filter((entry) => entry.isDirectory())
    .reduce((sum, { name }) => sum + (countBelow(`${folder}/${name}`, file) ?? 0), own);
}

/** The figures with these names, of lines that are a name and a number. */
export function figuresOf(
  text: string | undefined,
  names: readonly string[],
): (number | undefined)[] {
  if (text === undefined) {
    return names.map(() => undefined);
  }
  return names.map((name) => {
    const start = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
    if (start === 0 && !text.startsWith(`${name} `)) {
      return undefined;
    }
    return Number.parseInt(text.slice(start + name.length + 1, text.indexOf('\n', start)), 10);
  });
}

/** Those that this kernel has. */
export const present = <Name extends string>(
  figures: Readonly<Record<Name, number | undefined>>,
): Partial<Record<Name, number>> =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as Partial<
    Record<Name, number>
  >;
