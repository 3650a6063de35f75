// Guesses which known name a misspelt one was meant to be, for error messages.
import { closestMatch } from 'leven';

/**
 * The known name with the fewest edits from the written one; undefined where each needs too many.
 */
export const closestName = (written: string, names: readonly string[]): string | undefined =>
  closestMatch(written, names, { maxDistance: Math.max(2, Math.floor(written.length / 4)) });
