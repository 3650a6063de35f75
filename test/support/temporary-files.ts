// All temporary files of a run lie in one folder, and its cgroups are named after it. A run that
// leaves some there has failed: a test, or a program that it started, has not put away its own.
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileCacheOf } from '../../scripts/compile-cache.mjs';
import { root } from './sources.ts';
import { leftCgroups } from './test-cgroups.ts';

/**
 * For vitest's `globalSetup`: what it answers is called at the end of the run. The first of the
 * projects that ask makes the folder for all.
 */
export default function ownTemporaryFolder(): (() => void) | undefined {
  if (process.env.MESOSCALE_TEST_FOLDER !== undefined) {
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-tests-'));
  // As the system's own is: tasks of other users have files there, too.
  chmodSync(folder, 0o1777);
  process.env.MESOSCALE_TEST_FOLDER = folder;
  process.env.TMPDIR = folder;
  // Node would keep what it has compiled in the temporary folder, and compile it in each run anew.
  process.env.NODE_COMPILE_CACHE ??= compileCacheOf(root);
  return () => {
    const left = readdirSync(folder);
    const cgroups = leftCgroups(folder);
    rmSync(folder, { recursive: true });
    if (left.length > 0) {
      throw new Error(`Tests have left in their temporary folder: ${left.join(', ')}`);
    }
    if (cgroups.length > 0) {
      throw new Error(`Tests have left cgroups: ${cgroups.join(', ')}`);
    }
  };
}
