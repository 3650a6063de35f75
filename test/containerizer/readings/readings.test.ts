// What a thread reads of this machine.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ThreadReadings } from '../../../src/containerizer/readings/readings.ts';
import { eventually } from '../../agent-driver/outside.ts';

let readings: ThreadReadings;
let folder: string;

beforeEach(() => {
  readings = new ThreadReadings();
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-readings-'));
});

afterEach(async () => {
  await readings.close();
  rmSync(folder, { recursive: true });
});

test('a file that the kernel gives in parts is read whole', async () => {
  const child = spawn('sleep', ['1013'], { stdio: 'ignore' });
  try {
    const path = `/proc/${child.pid}/smaps`;
    const lines = () => Number(execFileSync('sed', ['-n', '$=', path]));
    await eventually(
      async () => lines() > 100 && (await readings.text(path))?.split('\n').length === lines() + 1,
    );
  } finally {
    child.kill('SIGKILL');
  }
});

test('each of thousands is answered with its own file', async () => {
  const names = Array.from({ length: 1_000 }, (_, index) => join(folder, String(index)));
  for (const [index, name] of names.entries()) {
    if (index % 3 > 0) {
      writeFileSync(name, `text ${index}`);
    }
  }
  expect(await Promise.all(names.map((it) => readings.text(it)))).toEqual(
    names.map((_, index) => (index % 3 > 0 ? `text ${index}` : undefined)),
  );
});

test('what cannot be read is missing, and keeps nothing else waiting', async () => {
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  symlinkSync('/dev/zero', join(folder, 'endless'));
  mkdirSync(join(folder, 'below'));
  writeFileSync(join(folder, 'file'), '1');
  const names = ['none', 'endless', 'below', 'fifo', 'file'];
  expect(await Promise.all(names.map((it) => readings.text(join(folder, it))))).toEqual([
    undefined,
    undefined,
    undefined,
    '',
    '1',
  ]);
  expect(await readings.folders(folder)).toEqual(['below']);
  expect(await readings.folders(join(folder, 'none'))).toEqual([]);
});

test('all processes are told, this one among them', async () => {
  const own = (await readings.processes()).find(({ pid }) => pid === process.pid);
  expect(own?.parent).toBe(process.ppid);
});

test('what is still being read when the agent ends fails', async () => {
  const text = readings.text('/proc/self/stat');
  const failed = expect(text).rejects.toThrow('The agent ends');
  await readings.close();
  await failed;
});
