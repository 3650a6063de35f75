// Wrong calls of the module itself: whatever the arguments and the bytes in the exchange buffer, a
// call returns, and a refused call changes nothing that can be seen.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CoreExports, CoreModule } from '../../src/core/module.ts';
import { CoreTrap } from '../../src/core/trap.ts';
import { debugInstances, debugModule } from './debug.ts';
import { coreModule } from './load.ts';

const shipped = await coreModule();
const instance = debugInstances(await debugModule(), 20);

/**
 * Calls that return a count or a handle: a negative one is a refusal. All others return a status,
 * where 0 is OK.
 */
const counting = new Set(
  (
    'addName addKind listAdd listSubtract listContains listEqual listQuantities listConvert rowMake rowRead ' +
    'rowHas rowSize ledgerFree addRole readRole readRoleShare newFramework addAgent setTotal growTotal ' +
    'convertOffered readTotal readFree readHoldings readLeaf readLeafShare readCluster readRoles readLeaves runOffers explain roleFilters'
  ).split(' '),
);

const fuzzed = (
  'addName addKind listAdd listSubtract listContains listEqual listQuantities listConvert rowMake rowDrop ' +
  'rowRead rowWrite rowHas rowPut rowTake rowReduce rowSize rowConvert ledgerFree ledgerTake ledgerGive ' +
  'ledgerRelease ledgerConvert setClusterMinimum setNow addRole setRoleRank setWeight setQuota readRole ' +
  'newFramework setFrameworkRank introduce changeCapabilities subscribe unsubscribe suppressRole reviveRole ' +
  'dropInverseFilters setLeafMinimum clearLeafMinimum setFrameworkActive removeFramework countEarlier ' +
  'addAgent addUsed addOffered removeAgent setTotal growTotal changeAgentFlags dropAgentFilters setMaintenance ' +
  'answerInverse exclude clearExclusions launch recover convertOffered convertFree readTotal readFree ' +
  'readHoldings readLeaf readLeafShare readRoleShare readCluster readRoles readLeaves requestRun runOffers dropRole dropFramework dropName dropKind explain roleFilters setUp matchRun'
).split(' ') as (keyof CoreExports)[];

const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0xffffffff, 2 ** 31, 1e6, 65_537, 4096) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, 0.5, -0.5, 1e300) },
);

const amount = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 9000 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, Number.NaN, Infinity, 2 ** 53, 2 ** 53 - 1) },
);

const item = fc.record({
  kind: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 6 }) },
    { weight: 1, arbitrary: fc.constantFrom(99, 0xffffffff) },
  ),
  ranges: fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.tuple(amount, amount), { maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constantFrom(70_000, 0xffffffff) },
  ),
  amount,
});

const call = fc.record({
  name: fc.constantFrom(...fuzzed),
  args: fc.array(number, { minLength: 7, maxLength: 7 }),
  list: fc.array(item, { maxLength: 4 }),
  raw: fc.option(fc.array(fc.nat(), { maxLength: 8 }), { nil: undefined }),
});

type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

function write(module: CoreModule, { list, raw }: Call): void {
  module.reserve(65_536);
  module.locate();
  const { u32, f64, io } = module;
  let at = io;
  for (const { kind, ranges, amount: value } of list) {
    u32[at] = kind;
    u32[at + 1] = Array.isArray(ranges) ? ranges.length : ranges;
    f64[(at >> 1) + 1] = value;
    at += 4;
    if (!Array.isArray(ranges)) {
      continue;
    }
    for (const [begin, end] of ranges) {
      f64[at >> 1] = begin;
      f64[(at >> 1) + 1] = end;
      at += 4;
    }
  }
  raw?.forEach((word, index) => {
    u32[io + index] = word;
  });
}

/** Everything that the reading calls show of the state. */
function observe(module: CoreModule): string {
  const { exports } = module;
  const seen: unknown[] = [exports.countFilters(), exports.hasPending()];
  const read = (count: number, words: number) => {
    module.locate();
    seen.push(count, count < 0 ? [] : [...module.u32.subarray(module.io, module.io + words)]);
  };
  for (let agent = 0; agent < 6; agent++) {
    const total = exports.readTotal(agent);
    read(total, Math.max(total, 0) * 4);
    const left = exports.readFree(agent);
    read(left, Math.max(left, 0) * 4);
  }
  for (let role = 0; role < 6; role++) {
    const names = exports.readRole(role);
    read(names, Math.max(names, 0) * 10);
  }
  for (let row = 0; row < 6; row++) {
    const items = exports.rowRead(row);
    read(items, Math.max(items, 0) * 4);
  }
  return JSON.stringify(seen);
}

/** A small cluster: four names, seven kinds, roles a and a/b, two frameworks, two agents, a row. */
function prepared(): CoreModule {
  const module = new CoreModule(instance);
  const { exports } = module;
  expect(exports.setUp(1, 0, 0, 0)).toBe(0);
  for (let name = 0; name < 4; name++) {
    exports.addName(0);
  }
  expect(exports.addRole(0, 10, 20)).toBe(1);
  expect(exports.addRole(1, 12, 14)).toBe(2);
  // Scalar, ranges, set, reserved, revocable, solid, shared volume.
  for (const [name, flags, role, unit] of [
    [0, 0, 0, 1],
    [1, 1, 0, 1],
    [2, 2, 0, 1],
    [0, 4, 1, 1],
    [0, 16, 0, 1],
    [3, 64, 0, 5000],
    [3, 4 | 32 | 64 | 128, 1, 700],
  ] as const) {
    exports.addKind(name, flags, role, unit);
  }
  for (const framework of [0, 1]) {
    expect(exports.newFramework(100 + framework)).toBe(framework);
    expect(exports.introduce(framework, framework === 0 ? 63 : 0)).toBe(0);
    expect(exports.subscribe(framework, 1 + framework, 1, 0)).toBe(0);
  }
  for (const agent of [0, 1]) {
    const list = [0, 1, 3, 5, 6].map((kind) => ({
      kind,
      ranges: kind === 1 ? ([[1, 9]] as [number, number][]) : [],
      amount: kind > 4 ? 1 : 4000,
    }));
    write(module, { name: 'addAgent', args: [], list, raw: undefined } as unknown as Call);
    expect(exports.addAgent(3, agent, list.length)).toBe(agent);
  }
  write(module, {
    name: 'rowMake',
    args: [],
    list: [{ kind: 0, ranges: [], amount: 7000 }],
    raw: undefined,
  } as unknown as Call);
  exports.rowMake(1);
  return module;
}

test('a refused call changes nothing, and no call traps', () => {
  let refusals = 0;
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 120, size: 'max' }), (calls) => {
      const module = prepared();
      // What was seen after a refused call, which is what the next one begins with.
      let seen: string | undefined;
      for (const one of calls) {
        // Kinds are dropped right after the sweep that tells which are in use.
        if (one.name === 'dropKind') {
          module.exports.markKinds();
          seen = undefined;
        }
        const before = seen ?? observe(module);
        write(module, one);
        const run = module.exports[one.name] as (...args: number[]) => number;
        const answer = run(...one.args);
        const refused = counting.has(one.name) ? answer < 0 : answer !== 0;
        if (refused) {
          refusals += 1;
          seen = observe(module);
          assert.equal(seen, before, `${one.name}(${one.args}) answered ${answer}`);
        } else {
          accepted += 1;
          seen = undefined;
        }
      }
    }),
    { numRuns: 400 },
  );
  expect(refusals).toBeGreaterThan(1000);
  expect(accepted).toBeGreaterThan(1000);
});

test('sums over the cluster stay whole numbers', () => {
  const module = prepared();
  const most = { kind: 0, ranges: [] as [number, number][], amount: 2 ** 53 - 1 };
  write(module, { name: 'addAgent', args: [], list: [most], raw: undefined } as unknown as Call);
  expect(module.exports.addAgent(3, 1, 1)).toBe(-2);
});

test('a million kinds are too many', () => {
  const module = new CoreModule(() => new WebAssembly.Instance(shipped, {}));
  module.exports.addName(0);
  let kinds = 0;
  while (module.exports.addKind(0, 0, 0, 1) >= 0) {
    kinds += 1;
  }
  expect(kinds).toBe(2 ** 20);
  expect(module.exports.addKind(0, 0, 0, 1)).toBe(-5);
});

test('a buffer that no memory can hold is a trap', () => {
  const { exports } = new CoreModule(instance);
  expect(() => exports.ioReserve(0xd0000000)).toThrow(CoreTrap);
});
