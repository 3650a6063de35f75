// The figures of cgroups.
import type { Readings } from '../readings/readings.ts';

/** Files of a cgroup, in the order of these names. */
export const filesOf = (
  readings: Readings,
  folder: string,
  names: readonly string[],
): Promise<(string | undefined)[]> =>
  Promise.all(names.map((name) => readings.text(`${folder}/${name}`)));

/** The number that a file is; undefined where there is none, or it is a word such as `max`. */
export function numberIn(text: string | undefined): number | undefined {
  const number = Number.parseInt(text ?? '', 10);
  return Number.isNaN(number) ? undefined : number;
}

/** The lines of a file, of which each is a process or a thread. */
export const linesIn = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : text.split('\n').length - 1;

/** The same, with those of the cgroups below: in v2 only these have any. */
export async function linesBelow(
  readings: Readings,
  folder: string,
  file: string,
): Promise<number | undefined> {
  const own = linesIn(await readings.text(`${folder}/${file}`));
  if (own === undefined) {
    return undefined;
  }
  const names = await readings.folders(folder);
  const below = await Promise.all(
    names.map((name) => linesBelow(readings, `${folder}/${name}`, file)),
  );
  return below.reduce<number>((sum, lines) => sum + (lines ?? 0), own);
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
