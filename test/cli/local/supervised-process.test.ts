// A program of a local cluster is restarted only if it was ready once.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SupervisedProcess } from '../../../src/cli/local/supervised-process.ts';
import { until } from '../../support/cluster.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-supervised-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function supervised(name: string, script: string) {
  const restarts: string[] = [];
  const pidFile = join(folder, `${name}.pid`);
  const program = new SupervisedProcess({
    name,
    command: [process.execPath, '-e', script],
    logFile: join(folder, `${name}.log`),
    pidFile,
    onRestart: (how) => restarts.push(how),
  });
  return { program, restarts, pidFile };
}

const WAIT = 'setInterval(() => {}, 1000)';

test('a program that ends before it is ready is not restarted, and its last words are told', async () => {
  const script = 'console.error("mesoscale master: the registry is damaged"); process.exit(1)';
  const { program, restarts } = supervised('damaged', script);
  const never = () => new Promise<void>(() => {});
  await expect(program.start(never)).rejects.toThrow('the registry is damaged');
  expect(restarts).toEqual([]);
});

test('an agent that its master turns away says why, and what helps', async () => {
  const line =
    'I1130 21:00:50.974000 8647 agent] Asked to shut down by the master: Agent has been marked gone';
  const { program } = supervised('gone', `console.error(${JSON.stringify(line)})`);
  await expect(program.start(() => new Promise(() => {}))).rejects.toThrow(
    'gone was told by the master to end (Agent has been marked gone); without the folder meta',
  );
});

test('a program that ends after its start was given up is not restarted', async () => {
  const { program, restarts, pidFile } = supervised('slow', WAIT);
  await expect(program.start(() => Promise.reject(new Error('not ready')))).rejects.toThrow();
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  await until('its end is seen', () => !existsSync(pidFile));
  expect(restarts).toEqual([]);
  await program.stop();
});

test('a program that was ready is restarted', async () => {
  const { program, restarts, pidFile } = supervised('ready', WAIT);
  await program.start(() => Promise.resolve());
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  await until('its end is seen', () => restarts.length > 0);
  expect(restarts).toEqual(['SIGKILL']);
  await program.stop();
});
