// Where the page is, as the part of a URL behind `#`: a path of names and a query. Paths of URLs
// themselves are the master's endpoints. Names are whatever the cluster has, so they are escaped.

export interface Location {
  /** Unescaped; none for the overview. */
  readonly path: readonly string[];
  /** Filters and tabs, in the order in which they are written. */
  readonly query: Readonly<Record<string, string>>;
}

export type Query = Readonly<Record<string, string | undefined>>;

/** Reads a hash, with or without `#`. Anything is some location. */
export function parseLocation(hash: string): Location {
  const text = hash.replace(/^#?\/?/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const search = mark < 0 ? '' : text.slice(mark + 1);
  return {
    path: path.split('/').filter(Boolean).map(unescaped),
    query: Object.fromEntries(
      search
        .split('&')
        .filter(Boolean)
        .map((pair) => {
          const at = pair.indexOf('=');
          const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
          return [unescaped(name), unescaped(value.replaceAll('+', ' '))];
        }),
    ),
  };
}

/** `#/tasks/a%2Fb?state=TASK_RUNNING`; parts of the query that are absent or empty are left out. */
export function href(path: readonly string[], query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === ''
      ? []
      : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`;
  return `#/${path.map(encodeURIComponent).join('/')}${search}`;
}

/** A text with a broken escape stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Names in a path by a pattern such as `tasks/:framework/:task`; undefined where it does not fit.
 */
export function matchPath(
  pattern: string,
  path: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const parts = pattern.split('/').filter(Boolean);
  if (parts.length !== path.length) {
    return undefined;
  }
  const names: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const value = path[index] as string;
    if (part.startsWith(':')) {
      names[part.slice(1)] = value;
    } else if (part !== value) {
      return undefined;
    }
  }
  return names;
}
