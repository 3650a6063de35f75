// An agent without a free descriptor still sees how its tasks end, and takes nothing for gone.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './harness.ts';

test('a task that ends with 0 while no file can be opened has finished, its sandbox is found later', () => {
  using folder = temporaryFolder();
  const script = fileURLToPath(new URL('./descriptors-host.ts', import.meta.url));
  const output = execFileSync(
    'sh',
    ['-c', 'ulimit -n 128; exec "$0" "$@"', process.execPath, script, folder.path],
    { encoding: 'utf8' },
  );
  expect(output).toBe('true TASK_FINISHED Command exited with status 0\nold sandboxes: 1\n');
});
