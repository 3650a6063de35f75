// What a command loads before it does anything.
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { MESOSCALE } from '../support/bundle.ts';

/** At the end, the names of what Node has loaded of itself. */
const TELLS = `data:text/javascript,process.on('exit', () => console.log(process.moduleLoadList.join()))`;

test('a command that needs HTTP does not load the whole of undici', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', TELLS, MESOSCALE, 'execute', '--master=127.0.0.1:5050'],
    { encoding: 'utf8' },
  );
  // It has loaded what it needs to run a task.
  expect(stderr).toContain('say what to run');
  expect(stdout).toMatch(/NativeModule http,/);
  expect(stdout).not.toContain('undici/undici');
});
