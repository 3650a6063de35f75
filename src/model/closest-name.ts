// Guesses which known name a misspelt one was meant to be, for error messages.

/**
 * The known name with the fewest edits from the written one; undefined where each needs too many.
 */
export function closestName(written: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(written.length / 4)) + 1;
  for (const name of names) {
    // Names that differ more in length alone need not be compared.
    if (Math.abs(name.length - written.length) < least) {
      const edits = distance(written, name);
      if (edits < least) {
        least = edits;
        best = name;
      }
    }
  }
  return best;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
