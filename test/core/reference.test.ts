// asm/README.md is the reference of the module: every export with its arguments, every constant with its value.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as constants from '../../asm/constants.ts';
import { coreModule } from './load.ts';

const page = readFileSync(new URL('../../asm/README.md', import.meta.url), 'utf8');

test('every export is described, with as many arguments as it has', async () => {
  const module = await coreModule();
  const { exports } = new WebAssembly.Instance(module, {});
  const actual = Object.entries(exports)
    .filter(([, value]) => typeof value === 'function')
    .map(([name, value]) => `${name}/${(value as () => void).length}`);
  const described = [...page.matchAll(/^\| `(\w+)\(([^)]*)\)` \|/gm)].map(
    ([, name, parameters]) => {
      const count = parameters === '' ? 0 : parameters?.split(',').length;
      return `${name}/${count}`;
    },
  );
  expect(described.toSorted()).toEqual(actual.toSorted());
});

test('the module imports nothing', async () => {
  expect(WebAssembly.Module.imports(await coreModule())).toEqual([]);
});

test('statuses, limits and bits have the values that the page gives', () => {
  const values = constants as unknown as Readonly<Record<string, number>>;
  const statuses = [...page.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, value, name]) => [
    name,
    value,
  ]);
  const others = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)].map(([, name, value]) => [
    name,
    value,
  ]);
  expect(statuses.length).toBe(12);
  expect(others.length).toBeGreaterThan(20);
  for (const [name = '', value] of [...statuses, ...others]) {
    expect(values[name], name).toBe(Number(value));
  }
});
