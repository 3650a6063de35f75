import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownProcessesNamed } from '../../../src/containerizer/host/process-table.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';

test('what an agent that is not root may not see of a process is passed over (needs root)', () => {
  using folder = temporaryFolder();
  // A process has the name of its file.
  const name = 'mesoscale-super';
  copyFileSync('/bin/sleep', join(folder.path, name));
  const other = spawn(join(folder.path, name), ['60'], { stdio: 'ignore' });
  try {
    const module = import.meta.resolve('../../../src/containerizer/host/process-table.ts');
    const found = execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { ownProcessesNamed, isAlive, processStat } from ${JSON.stringify(module)};
        const pids = ownProcessesNamed('${name}').get(undefined) ?? [];
        const { startTicks } = processStat(${other.pid});
        console.log(pids.includes(${other.pid}), isAlive(${other.pid}, startTicks));`,
      ],
      { encoding: 'utf8', uid: 65534, gid: 65534, cwd: '/' },
    );
    expect(found).toBe('false true\n');
  } finally {
    other.kill('SIGKILL');
  }
});

test('a process of another user is not found by its name (needs root)', () => {
  using folder = temporaryFolder();
  const program = join(folder.path, 'same-name');
  copyFileSync('/bin/sleep', program);
  const processes = [0, 65534].map((uid) =>
    spawn(program, ['60'], { stdio: 'ignore', uid, cwd: folder.path }),
  );
  try {
    expect(ownProcessesNamed('same-name').get(folder.path)).toEqual([processes[0]?.pid]);
  } finally {
    for (const one of processes) {
      one.kill('SIGKILL');
    }
  }
});
