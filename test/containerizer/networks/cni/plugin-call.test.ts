// Plugins that do what no plugin should. Each is a real program.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callPlugin } from '../../../../src/containerizer/networks/cni/plugin-call.ts';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { until } from '../../../support/cluster.ts';
import { pluginAt } from './plugin-script.ts';

const PATIENT = { longestMs: 60_000, unwantedMs: 60_000, endMs: 60_000 };
const NEVER = new AbortController().signal;

interface Circumstances {
  readonly patience?: typeof PATIENT;
  readonly abort?: AbortSignal;
  readonly input?: string;
  readonly folder?: string;
}

/** What comes of a plugin, a shell script. */
async function called(script: string, circumstances: Circumstances = {}) {
  using own = temporaryFolder();
  const { patience = PATIENT, abort = NEVER, input = '{}', folder = own.path } = circumstances;
  const path = join(folder, 'plugin');
  pluginAt(path, script);
  const environment = { PATH: process.env.PATH ?? '', CNI_COMMAND: 'ADD' };
  const { failure, stdout, stderr } = await callPlugin(
    { path, environment, input },
    patience,
    abort,
  );
  return { failure, stdout: String(stdout), stderr: String(stderr) };
}

const isRunning = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('has an environment and an input, and answers', async () => {
  expect(await called('env | grep ^CNI; cat; echo log >&2')).toEqual({
    failure: undefined,
    stdout: 'CNI_COMMAND=ADD\n{}',
    stderr: 'log\n',
  });
});

test.each([
  ['fails', 'echo no; exit 3', 'exited with status 3'],
  ['crashes', 'kill -SEGV $$', 'was ended by SIGSEGV'],
  ['prints without end', 'exec yes', 'printed more than 1048576 bytes'],
  ['complains without end', 'exec yes >&2', 'printed more than 1048576 bytes'],
])('that %s', async (_, script, why) => {
  expect((await called(script)).failure).toBe(why);
});

test('that does not read its input, which is long', async () => {
  const answer = await called('echo ok', { input: 'x'.repeat(2 ** 20) });
  expect(answer).toMatchObject({ failure: undefined, stdout: 'ok\n' });
});

test('that is no program', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'plugin');
  const end = await callPlugin({ path, environment: {}, input: '' }, PATIENT, NEVER);
  expect(end.failure).toMatch(/^cannot be started: .*ENOENT/);
});

test('that takes too long', async () => {
  const patience = { ...PATIENT, longestMs: 50 };
  expect((await called('exec sleep 600', { patience })).failure).toBe('took longer than 50ms');
});

const HANGING = 'sleep 600 & echo $! > "$0.new"; mv "$0.new" "$0.pid"; wait';

test.each([
  ['hangs', HANGING],
  ['closes its output and hangs', `exec >&- 2>&-; ${HANGING}`],
  ['does not end when it is asked to', `trap '' TERM; ${HANGING}; exec sleep 600`],
])('that %s is ended when nobody wants it, with what it has started', async (_, script) => {
  using folder = temporaryFolder();
  const abort = new AbortController();
  const patience = { longestMs: 60_000, unwantedMs: 10, endMs: 10 };
  const answer = called(script, { patience, abort: abort.signal, folder: folder.path });
  const file = join(folder.path, 'plugin.pid');
  await until('it has started something', () => existsSync(file));
  abort.abort();
  expect((await answer).failure).toBe('was not wanted any more');
  const pid = Number(readFileSync(file, 'utf8'));
  await until('that is gone', () => !isRunning(pid));
});

test('that nobody wants any more may come to its end', async () => {
  const abort = AbortSignal.abort();
  expect(await called('sleep 0.1; echo done', { abort })).toMatchObject({
    failure: undefined,
    stdout: 'done\n',
  });
});

test('that leaves something behind has answered all the same, and that goes on', async () => {
  const { failure, stdout } = await called('sleep 600 & echo $!');
  expect(failure).toBeUndefined();
  expect(isRunning(Number(stdout))).toBe(true);
  process.kill(Number(stdout));
});
