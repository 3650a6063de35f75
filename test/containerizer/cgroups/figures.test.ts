// Figures in files of cgroups, of which the kernel gives a long one in parts.
import { execFileSync, spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { countIn, figuresOf, readCgroup } from '../../../src/containerizer/cgroups/figures.ts';
import { eventually } from '../../agent-driver/outside.ts';

test('all lines of a file are counted, though no single read gets them', async () => {
  const child = spawn('sleep', ['1013'], { stdio: 'ignore' });
  try {
    const folder = `/proc/${child.pid}`;
    const lines = () => Number(execFileSync('sed', ['-n', '$=', `${folder}/smaps`]));
    await eventually(() => lines() > 100 && countIn(folder, 'smaps') === lines());
  } finally {
    child.kill('SIGKILL');
  }
});

test('a file that there is none of has no figures', () => {
  const text = readCgroup('/proc/self', 'no-such-file');
  expect(text).toBeUndefined();
  expect(figuresOf(text, ['file'])).toEqual([undefined]);
});

test('a figure is found by its whole name, wherever its line is', () => {
  const text = 'file 1\nfile_mapped 22\nanon 333\n';
  expect(figuresOf(text, ['anon', 'file', 'mapped', 'file_mapped', 'ano'])).toEqual([
    333,
    1,
    undefined,
    22,
    undefined,
  ]);
});
