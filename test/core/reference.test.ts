// asm/README.md is the reference of the module: every export with its arguments, every constant
// with its value, and the calls of a host that knows only this page.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as constants from '../../asm/constants.ts';
import { buildCore } from '../../scripts/build-core.ts';
import { ExchangeBuffer } from '../../src/core/exchange-buffer.ts';
import { explanation } from '../../src/core/explanation.ts';
import { CoreModule, statusError } from '../../src/core/module.ts';
import { ResourceInterner } from '../../src/core/resource-interner.ts';
import { coreModule } from './load.ts';
import { exportTypes } from './wasm-types.ts';

const compiled = await coreModule();
const page = readFileSync(new URL('../../asm/README.md', import.meta.url), 'utf8');

/** Arguments that are f64 according to the page; all others have 32 bits. */
const floats = new Set(['unit', 'weight', 'place', 'ms', 'until', 'end']);

test('every export is described, with its arguments and their types', async () => {
  const types = exportTypes(readFileSync(await buildCore()));
  const described = [...page.matchAll(/^\| `(\w+)\(([^)]*)\)` \|/gm)].map(
    ([, name = '', parameters = '']): [string, string[]] => [
      name,
      parameters === ''
        ? []
        : parameters.split(', ').map((parameter) => (floats.has(parameter) ? 'f64' : 'i32')),
    ],
  );
  expect(Object.fromEntries(described)).toEqual(types);
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
  const named = new Set(others.map(([name]) => name));
  const kept = /^(MAX_|EXPLAIN_|FRAMEWORK_|AGENT_)/;
  expect(Object.keys(values).filter((name) => kept.test(name) && !named.has(name))).toEqual([]);
  for (const [name = '', value] of [...statuses, ...others]) {
    expect(values[name], name).toBe(Number(value));
  }
});

test('every status that a call can answer is an error with its name, and every answer of explain a reason', async () => {
  const module = new CoreModule(() => new WebAssembly.Instance(compiled, {}));
  const statuses = [...page.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)];
  for (const [, value, name] of statuses) {
    if (name === 'OK' || name === 'NO_MEMORY') {
      continue;
    }
    expect(statusError(Number(value)).code, name).toBe(name);
  }
  const kinds = new ResourceInterner(module, { roleNumber: () => 0, excludedNames: [] });
  const buffer = new ExchangeBuffer(module, kinds);
  const codes = Object.entries(constants).filter(([name]) => name.startsWith('EXPLAIN_'));
  const reasons = codes.map(([, code]) => explanation(buffer, code as number).reason);
  expect(new Set(reasons).size).toBe(codes.length);
});

test('a first run goes as the page tells it', async () => {
  const { exports } = new WebAssembly.Instance(await coreModule(), {});
  const core = exports as Record<string, (...parameters: number[]) => number>;
  const memory = exports.memory as WebAssembly.Memory;
  const call = (name: string, ...parameters: number[]) => core[name]?.(...parameters) ?? Number.NaN;
  const write = (kind: number, amount: number) => {
    const at = call('ioReserve', 16);
    const view = new DataView(memory.buffer);
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, 0, true);
    view.setFloat64(at + 8, amount, true);
    return 1;
  };
  const offered = () => {
    const view = new DataView(memory.buffer);
    const at = call('offersAt');
    const items = view.getUint32(at + 8, true);
    return { leaf: view.getUint32(at, true), amount: view.getFloat64(items + 8, true) };
  };
  const cpus = call('addName', 0);
  expect(call('setUp', 1, 0, 0, 0)).toBe(0);
  const kind = call('addKind', cpus, 0, 0, 1);
  const web = call('addRole', 0, 0, 0);
  const framework = call('newFramework', 0);
  expect(call('introduce', framework, 1)).toBe(0);
  expect(call('subscribe', framework, web, 1, 0)).toBe(0);
  const agent = call('addAgent', 1 | 2, 0, write(kind, 4000));
  expect(call('setNow', 0)).toBe(0);
  expect(call('runOffers', 1, 0)).toBe(1);
  const { leaf, amount } = offered();
  expect([call('leafFrameworkOf', leaf), call('leafRoleOf', leaf), amount]).toEqual([
    framework,
    web,
    4000,
  ]);
  expect(call('launch', framework, agent, web, write(kind, 1000))).toBe(0);
  expect(call('recover', framework, agent, web, write(kind, 3000), 0, 5000)).toBe(0);
  expect(call('setNow', 1000)).toBe(0);
  expect(call('runOffers', 1, 1000)).toBe(0);
  expect(call('setNow', 6000)).toBe(0);
  expect(call('recover', framework, agent, web, write(kind, 1000), 1, -1)).toBe(0);
  expect(call('runOffers', 1, 6000)).toBe(1);
  expect(offered().amount).toBe(4000);
});

const doubles = (...values: number[]) => Buffer.from(Float64Array.from(values).buffer);
const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);

test('a request laid out by hand is placed', async () => {
  const { exports } = new WebAssembly.Instance(await coreModule(), {});
  const core = exports as Record<string, (...parameters: number[]) => number>;
  // Two offers of 2 and 4 cpus on two racks; the first has one port, 80. Four tasks of a group with
  // one task for each rack: the third finds no rack, the last no offer that is large enough.
  const none = 0xffffffff;
  const need = (amount: number, dimension: number) => [doubles(amount), words(dimension, 0)];
  const block = Buffer.concat([
    words(2, 4, 2, 1, 1, 1, 2, 5, 1, 4, 1, 0, 0, 0, 0, 0),
    doubles(2000, 4000, 1, 0), // left: cpus, ports
    doubles(1 / 2000, 1 / 4000, 0, 0), // weight
    doubles(0, 0, 0, 0), // plain
    doubles(0, 0), // used
    ...[need(1000, 0), need(1, 1), need(1000, 0), need(1000, 0), need(9000, 0)].flat(),
    words(none, none, none, 0), // task masks
    words(0, 2, 3, 4, 5), // first needs
    words(0, 1, 1, 1, 1), // first tokens
    words(0, 1, 2, 3, 4), // first limits
    words(0), // task tokens
    ...Array.from({ length: 4 }, () => words(0, 0, 1, 1)), // limits
    words(1), // token dimensions
    words(0b11), // masks
    words(0b01), // holders
    words(2), // column sizes
    words(0, 1), // columns
    words(0, 0), // counters
  ]);
  const answers = 2 * 4 * 4;
  const bytes = block.length + answers;
  const at = (core.matchReserve?.(bytes) ?? 0) >>> 0;
  const memory = Buffer.from((exports.memory as WebAssembly.Memory).buffer);
  block.copy(memory, at);
  expect(core.matchRun?.(bytes)).toBe(0);
  const answer = (index: number) => memory.readInt32LE(at + block.length + index * 4);
  expect([0, 1, 2, 3].map(answer)).toEqual([0, 1, -4, -3]);
  expect([4, 5, 6, 7].map(answer)).toEqual([-1, -1, 0, 0]);
});

test('a request in which a task has two needs of one dimension is refused', async () => {
  const { exports } = new WebAssembly.Instance(await coreModule(), {});
  const core = exports as Record<string, (...parameters: number[]) => number>;
  // One offer of 2 cpus, two kinds of resources, and a task with two needs of 1.5 each.
  const statusOf = (...dimensions: readonly [number, number]) => {
    const needs = dimensions.flatMap((dimension) => [doubles(1500), words(dimension, 0)]);
    const block = Buffer.concat([
      words(1, 1, 2, 0, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0),
      doubles(2000, 2000, 0, 0, 0, 0, 0), // left, weight, plain, used
      ...needs,
      words(0xffffffff), // task masks
      words(0, 2, 0, 0, 0, 0), // first needs, tokens, limits
      words(0, 0), // answers
    ]);
    const at = (core.matchReserve?.(block.length) ?? 0) >>> 0;
    block.copy(Buffer.from((exports.memory as WebAssembly.Memory).buffer), at);
    return core.matchRun?.(block.length);
  };
  expect(statusOf(0, 1)).toBe(constants.OK);
  expect(statusOf(0, 0)).toBe(constants.BAD_ARGUMENT);
});
