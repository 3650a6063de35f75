// The programs that tests start: the bundle of the present sources, as `npm start` runs it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { COMMAND, PROGRAMS, staleness } from '../../scripts/products.mjs';
import { root } from './sources.ts';

/** The command `mesoscale`, for Node. */
export const MESOSCALE = join(root, COMMAND);

/** For vitest's `globalSetup`: no test runs programs of other sources than its own. */
export default function bundlePrograms(project: TestProject): void {
  bundle();
  project.onTestsRerun(bundle);
}

function bundle(): void {
  if (staleness(PROGRAMS) === undefined) {
    return;
  }
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build-programs.ts')], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    throw new Error('The programs cannot be bundled');
  }
}
