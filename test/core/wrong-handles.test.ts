// Wrong calls of the module itself, which the typed classes never make.
import { expect, test } from 'vitest';
import { BAD_ARGUMENT, BAD_RANGE, BAD_STATE, OK } from '../../src/core/constants.ts';
import { type CoreExports, CoreModule } from '../../src/core/module.ts';
import { debugInstances, debugModule } from './debug.ts';

const debugInstance = debugInstances(await debugModule(), 5);
const AGENT_OFFERED = 1 | 2;

/** An instance with one name, one role, and an agent of four cpus. */
function instance() {
  const module = new CoreModule(debugInstance);
  const { exports } = module;
  const kind = exports.addKind(exports.addName(0), 0, 0, 1);
  exports.setUp(0, 0, 0, 0);
  const write = (amount: number) => {
    module.locate();
    module.u32.set([kind, 0], module.io);
    module.f64[(module.io >> 1) + 1] = amount;
    return 1;
  };
  return {
    exports,
    write,
    role: exports.addRole(0, 0, 0),
    agent: exports.addAgent(AGENT_OFFERED, 0, write(4000)),
  };
}

test('the number of a framework whose tasks hold something is not given again', () => {
  const { exports, write, role, agent } = instance();
  const framework = exports.newFramework(0);
  expect(exports.addUsed(agent, framework, role, write(1000))).toBe(0);
  expect(exports.dropFramework(framework)).toBe(BAD_STATE);
  expect(exports.introduce(framework, 1)).toBe(0);
  expect(exports.countEarlier(framework, agent, role)).toBe(0);
  expect(exports.removeFramework(framework)).toBe(0);
  expect(exports.dropFramework(framework)).toBe(0);
  expect(exports.newFramework(0)).toBe(framework);
});

test('the number of a framework is given again when the agent of its tasks is gone', () => {
  const { exports, write, role, agent } = instance();
  const framework = exports.newFramework(0);
  expect(exports.addUsed(agent, framework, role, write(1000))).toBe(0);
  expect(exports.removeAgent(agent)).toBe(0);
  expect(exports.dropFramework(framework)).toBe(0);
});

test('a quota is not read beyond the end of the buffer', () => {
  const exports = debugInstance().exports as unknown as CoreExports;
  for (let name = 0; name < 1024; name++) {
    exports.addName(0);
  }
  exports.setUp(0, 0, 0, 0);
  const role = exports.addRole(0, 0, 0);
  expect(exports.setQuota(role, 1024)).toBe(BAD_RANGE);
  exports.ioReserve(1024 * 16);
  expect(exports.setQuota(role, 1024)).toBe(0);
});

test('one row is not two of a ledger', () => {
  const { exports, write } = instance();
  const [total, used, holder] = [4000, 0, 0].map((amount) => exports.rowMake(write(amount)));
  if (total === undefined || used === undefined || holder === undefined) {
    throw new Error('three rows');
  }
  expect(exports.ledgerTake(total, used, holder, write(1000))).toBe(OK);
  expect([
    exports.ledgerTake(total, used, used, write(1000)),
    exports.ledgerTake(total, total, holder, write(1000)),
    exports.ledgerTake(total, used, total, write(1000)),
    exports.ledgerGive(used, used, write(1000)),
    exports.ledgerRelease(used, used),
    exports.ledgerConvert(total, total, 0),
  ]).toEqual(Array.from({ length: 6 }, () => BAD_ARGUMENT));
  expect(exports.ledgerRelease(used, holder)).toBe(OK);
  expect([exports.rowSize(total), exports.rowSize(used)]).toEqual([1, 0]);
});
