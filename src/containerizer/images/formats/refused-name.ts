// What is shown of a name that is refused. Pure.

const MOST_CHARACTERS = 300;

/** Its beginning, as one line. */
export const shownName = (name: string): string =>
  name.slice(0, MOST_CHARACTERS).replaceAll(/\p{Cc}/gu, '\u{fffd}');
