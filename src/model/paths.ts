// Paths as texts. What they lead to, and whether there is anything, only the disk knows.

/** The names on a path: without empty ones and `.`; `..` stays, for it depends on links. */
export const pathNames = (path: string): string[] =>
  path.split('/').filter((name) => name !== '' && name !== '.');

/**
 * Whether `inner` is the folder `outer`, or lies in it. Neither path has `.`, `..` or a slash at
 * its end.
 */
export const isWithin = (inner: string, outer: string): boolean =>
  inner === outer || inner.startsWith(`${outer}/`);

/** The same of absolute paths as anyone may write them. */
export function isAtOrBelow(path: string, folder: string): boolean {
  const names = pathNames(path);
  return pathNames(folder).every((name, at) => names[at] === name);
}
