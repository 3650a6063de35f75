// Reads the figures of cgroups.
import { type Dirent, readdirSync } from 'node:fs';
import { isAbsence, readText, withDescriptor } from '../records/record-file.ts';

/** Undefined where the kernel has no such file, or the cgroup was removed. */
export const readCgroup = (folder: string, file: string): string | undefined =>
  readText(`${folder}/${file}`);

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
  const lines = `\n${text}`;
  return names.map((name) => {
    const start = lines.indexOf(`\n${name} `);
    return start < 0 ? undefined : Number.parseInt(lines.slice(start + name.length + 2), 10);
  });
}

/** Those that this kernel has. */
export const present = <Name extends string>(
  figures: Readonly<Record<Name, number | undefined>>,
): Partial<Record<Name, number>> =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined)) as Partial<
    Record<Name, number>
  >;
