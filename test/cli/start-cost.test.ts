// What a command loads before it does anything.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/sources.ts';

/** At the end, the names of what Node has loaded of itself. */
const TELLS = `data:text/javascript,process.on('exit', () => console.log(process.moduleLoadList.join()))`;

test('a command that needs HTTP does not load the whole of undici', () => {
  const command = join(root, 'src', 'cli', 'mesoscale.ts');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', TELLS, command, 'execute', '--master=127.0.0.1:5050'],
    { encoding: 'utf8' },
  );
  // It has loaded what it needs to run a task.
  expect(stderr).toContain('say what to run');
  expect(stdout).toMatch(/NativeModule http,/);
  expect(stdout).not.toContain('undici/undici');
});
