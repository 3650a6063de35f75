// Which of the programs bin/mesoscale runs in a checkout: those that are bundled, or the sources.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { COMMAND, PROGRAMS } from '../../scripts/products.mjs';
import { root } from '../support/sources.ts';

const OLD = new Date('2000-01-01');

test('the command is the bundled one until a source is changed, added or deleted', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'mesoscale-command-'));
  onTestFinished(() => rmSync(checkout, { recursive: true }));
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), content);
  };
  const runs = () => execFileSync(join(checkout, 'bin', 'mesoscale'), { encoding: 'utf8' }).trim();
  const age = (...paths: string[]) => {
    for (const path of paths) {
      utimesSync(join(checkout, path), OLD, OLD);
    }
  };
  const all = [
    'src',
    'src/cli',
    'src/cli/mesoscale.ts',
    'src/room',
    'src/room/a.ts',
    'asm/constants.ts',
  ];
  cpSync(join(root, 'bin'), join(checkout, 'bin'), { recursive: true });
  mkdirSync(join(checkout, 'node_modules', '.bin'), { recursive: true });
  symlinkSync(process.execPath, join(checkout, 'node_modules', '.bin', 'node'));
  write('package.json', '{ "type": "module" }');
  write('src/cli/mesoscale.ts', "console.log('sources')");
  write('src/room/a.ts', '');
  write('asm/constants.ts', '');
  expect(runs()).toBe('sources');
  write(COMMAND, "console.log('bundle')");
  write(PROGRAMS.record, 'made');
  age(...all);
  expect(runs()).toBe('bundle');
  for (const path of ['src/room/a.ts', 'src/room/b.ts', 'asm/constants.ts']) {
    age(PROGRAMS.record);
    write(path, 'changed');
    expect(runs(), path).toBe('sources');
    age(...all);
  }
  rmSync(join(checkout, 'src/room/b.ts'));
  expect(runs()).toBe('sources');
});
