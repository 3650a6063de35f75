// A key that a JSON object has twice: parsers take the value of the last without a word, and a
// person who reads the text takes the first.

/** The first key that an object of the text has twice. The text must be JSON. */
export function repeatedKey(json: string): string | undefined {
  /** The keys of the objects that are open; undefined for lists. */
  const open: (Set<string> | undefined)[] = [];
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/gs)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token.endsWith(':')) {
      const key: unknown = JSON.parse(token.slice(0, -1));
      const keys = open.at(-1);
      if (typeof key === 'string' && keys?.has(key) === true) {
        return key;
      }
      keys?.add(String(key));
    }
  }
  return undefined;
}
