// A task that runs as long as a test wants, and keeps count of how often it was started.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Program, type TestCluster, until } from './cluster.ts';

export interface LongTask {
  /** The `execute` that waits for it. */
  readonly program: Program;
  /** Lets it end, with 5. */
  release(): void;
  starts(): number;
}

let runs = 0;

/** Resolves when it runs. `master` is what `--master` gets. */
export async function longTask(
  cluster: Pick<TestCluster, 'folder' | 'run'>,
  master: string,
): Promise<LongTask> {
  const n = runs++;
  const release = join(cluster.folder, `release-${n}`);
  const starts = join(cluster.folder, `starts-${n}`);
  const program = cluster.run(
    [
      'execute',
      `--master=${master}`,
      `--name=long-${n}`,
      `--command=echo x >> ${starts}; while ! test -e ${release}; do sleep 0.05; done; exit 5`,
      '--resources=cpus:0.1;mem:32',
      '--checkpoint',
    ],
    `long-${n}.log`,
  );
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  return {
    program,
    release: () => writeFileSync(release, ''),
    starts: () => readFileSync(starts, 'utf8').trim().split('\n').length,
  };
}

/** It ends as it was told to, having been started once. */
export async function finishes(task: LongTask): Promise<void> {
  task.release();
  expect(await task.program.ended()).toBe(5);
  expect(task.starts()).toBe(1);
}
