// Finds a key that stands twice in a JSON object: parsers silently take the last value, and a
// person who reads the text takes the first.

/** The first key that stands twice in one object. The text must be valid JSON. */
export function repeatedKey(json: string): string | undefined {
  /** The keys of each object that is open at this point; undefined for a list. */
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
