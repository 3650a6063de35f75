// Where Node keeps what it has compiled of a checkout, so that no program compiles it again, and
// the bound of that. Plain JavaScript, because the set-up uses it.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const compileCacheOf = (root) => join(root, 'build', 'compile-cache');

/**
 * Files, of which a whole run of the tests needs 2,000. Each leaves some hundred more that nothing
 * reads again: vitest imports a file of tests under another name in each run.
 */
export const MOST_COMPILED = 10_000;

/** Throws away what one version of Node has compiled where that has become too much. */
export function boundCompileCache(folder, most = MOST_COMPILED) {
  for (const version of existsSync(folder) ? readdirSync(folder) : []) {
    const own = join(folder, version);
    if (readdirSync(own).length > most) {
      rmSync(own, { recursive: true, force: true });
    }
  }
}
