// The header `WWW-Authenticate`: in which ways a server wants to know who asks (RFC 9110). Pure.

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A longer header is cut off. */
const MOST_CHARACTERS = 16_384;
const PARAMETER = /\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"=]*))\s*(?:,|$)/y;
const SCHEME = /[\s,]*([!#$%&'*+.^_`|~\w-]+)(?:\s+|,|$)/y;
/** What belongs to a scheme that has no parameters, but one text. */
const OTHER = /[^\s,]+\s*(?:,|$)/y;

export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, MOST_CHARACTERS);
  const challenges: Challenge[] = [];
  let at = 0;
  const next = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    at = match === null ? at : pattern.lastIndex;
    return match;
  };
  for (let scheme = next(SCHEME); scheme !== null; scheme = next(SCHEME)) {
    const parameters = new Map<string, string>();
    for (let found = next(PARAMETER); found !== null; found = next(PARAMETER)) {
      const [, name = '', quoted, plain = ''] = found;
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
    }
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters });
    if (parameters.size === 0 && text[at - 1] !== ',') {
      next(OTHER);
    }
  }
  return challenges;
}
