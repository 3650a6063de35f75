// The file of --whitelist is read again and again; what it has at any moment comes into force.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { FlagError } from '../../src/cli/flags/faults.ts';
import { readWhitelist, watchWhitelist } from '../../src/cli/master/whitelist.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-whitelist-'));
  file = join(folder, 'hosts');
  writeFileSync(file, 'a\nb\n');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** What is heard of the file, from names that are in force on. */
function watched(hostnames: readonly string[]) {
  const heard: unknown[] = [];
  const stop = watchWhitelist({
    file,
    hostnames,
    changed: (names) => heard.push(names),
    unreadable: (message) => heard.push(message),
  });
  onTestFinished(stop);
  return { heard, stop, look: () => vi.advanceTimersByTime(5000) };
}

test('names are lines, without the blanks around them', () => {
  writeFileSync(file, '  a \r\n\n\tb.example.com\n   \nc');
  expect(readWhitelist(file)).toEqual(['a', 'b.example.com', 'c']);
  writeFileSync(file, '');
  expect(readWhitelist(file)).toEqual([]);
});

test('a file that cannot be read is named, with why', () => {
  rmSync(file);
  expect(() => readWhitelist(file)).toThrow(FlagError);
  expect(() => readWhitelist(file)).toThrow(
    /^--whitelist names a file that cannot be read: .*hosts \(.+\)$/,
  );
  expect(() => readWhitelist(folder)).toThrow(/ \(it is a folder\)$/);
});

test('each change is told once, and only while it is watched', () => {
  const { heard, stop, look } = watched(['a', 'b']);
  look();
  expect(heard).toEqual([]);
  writeFileSync(file, 'a\n');
  look();
  look();
  expect(heard).toEqual([['a']]);
  stop();
  writeFileSync(file, 'c\n');
  look();
  expect(heard).toHaveLength(1);
});

test('while the file cannot be read the names stay in force, and then what has changed is told', () => {
  const { heard, look } = watched(['a', 'b']);
  rmSync(file);
  look();
  expect(heard).toEqual([expect.stringMatching(/^--whitelist names a file that cannot be read: /)]);
  writeFileSync(file, 'a\nb\n');
  look();
  expect(heard).toHaveLength(1);
  writeFileSync(file, 'b\n');
  look();
  expect(heard.slice(1)).toEqual([['b']]);
});

test('a change between the reading of the flags and the first look is told, too', () => {
  const { heard, look } = watched(['before']);
  look();
  expect(heard).toEqual([['a', 'b']]);
});
