// What pages of docs/ say, as tests use it.

/** The flags of the first `npm start` on a page. */
export function startFlags(page: string): readonly string[] {
  const flags = /npm start -- (.*)/.exec(page)?.[1];
  if (flags === undefined) {
    throw new Error("The page has no 'npm start' with flags");
  }
  return flags.split(' ');
}
