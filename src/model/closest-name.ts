// Guesses which known name a misspelt one was meant to be, for error messages.
import { closestMatch } from 'leven';

/**
 * The known name with the fewest edits from the written one; undefined where each needs too many,
 * or as many as would make any name of any other.
 */
export function closestName(written: string, names: readonly string[]): string | undefined {
  const most = Math.max(2, Math.floor(written.length / 4));
  const maxDistance = Math.min(most, written.length - 1);
  return maxDistance > 0 ? closestMatch(written, names, { maxDistance }) : undefined;
}
