import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KeySequence } from '../../../src/cli/operate/task/terminal-input.ts';

const keys = () => new KeySequence(Buffer.from('pq'));
const typed = (sequence: KeySequence, ...pieces: string[]) =>
  pieces.map((piece) => sequence.take(Buffer.from(piece))?.toString());

test('keys that leave are found in any pieces, and nothing of them is passed on', () => {
  expect(typed(keys(), 'apq')).toEqual([undefined]);
  expect(typed(keys(), 'ab', 'p', 'q')).toEqual(['ab', '', undefined]);
});

test('what only begins like them is passed on', () => {
  expect(typed(keys(), 'p', 'x', 'ppx', 'qp')).toEqual(['', 'px', 'ppx', 'q']);
});

test('input that cannot be read has an end, and is told', () => {
  const module = new URL('../../../src/cli/operate/task/terminal-input.ts', import.meta.url).href;
  const program = `
    const { passInput } = await import('${module}');
    const sent = [];
    const sender = { send: (io) => sent.push(io.data.data.length), end: () => sent.push('end'), onDrain() {} };
    passInput({ sender, isTerminal: false });
    process.on('exit', () => console.log(sent.join()));
  `;
  const folder = mkdtempSync('/tmp/mesoscale-tests-input-');
  const fd = openSync(join(folder, 'written'), 'w');
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    stdio: [fd, 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  closeSync(fd);
  rmSync(folder, { recursive: true });
  expect(stderr).toBe('standard input cannot be read (EBADF)\n');
  expect(stdout).toBe('0,end\n');
});
