// For vitest's `globalSetup`, after that of temporary-files.ts, whose folder they are in: the files
// of the closed cluster in which tests of the project `closed` run.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ClosedCluster } from './closed-cluster.ts';

/** In the folder of the run. */
export const closedFolder = (): string => join(process.env.MESOSCALE_TEST_FOLDER ?? '', 'closed');

export default async function closedFiles(): Promise<() => void> {
  const folder = closedFolder();
  await ClosedCluster.make(folder);
  return () => rmSync(folder, { recursive: true });
}
