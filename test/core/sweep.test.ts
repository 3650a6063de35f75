// What a sweep finds in use, in the bare module.
import { expect, test } from 'vitest';
import { CoreModule } from '../../src/core/module.ts';
import { debugInstances, debugModule } from './debug.ts';

const debugInstance = debugInstances(await debugModule(), 20);
const OK = 0;
const BAD_HANDLE = 1;
const BAD_STATE = 9;
const RESERVED = 4;
const AGENT_OFFERED = 1 | 2;

test('after many runs a sweep marks what agents have, and nothing else', () => {
  const module = new CoreModule(debugInstance);
  const { exports } = module;
  const name = exports.addName(0);
  const kinds = Array.from({ length: 100 }, () => exports.addKind(name, 0, 0, 1));
  const write = (items: readonly (readonly [kind: number, amount: number])[]) => {
    module.locate();
    items.forEach(([kind, amount], index) => {
      module.u32.set([kind, 0], module.io + index * 4);
      module.f64[(module.io >> 1) + index * 2 + 1] = amount;
    });
    return items.length;
  };
  exports.setUp(0, 0, 0, 0);
  const role = exports.addRole(0, 0, 0);
  const framework = exports.newFramework(0);
  exports.introduce(framework, 1);
  exports.subscribe(framework, role, 1, 0);
  // Two scalar kinds of one name: the agent keeps the order in which they are held.
  const total: [number, number][] = [
    [kinds[7] as number, 1000],
    [kinds[70] as number, 2000],
  ];
  const agent = exports.addAgent(AGENT_OFFERED, 0, write(total));
  for (let run = 0; run < 1000; run++) {
    expect(exports.runOffers(1, run)).toBe(1);
    expect(exports.recover(framework, agent, role, write(total), 0, -1)).toBe(OK);
  }
  exports.markKinds();
  expect(kinds.filter((kind) => exports.dropKind(kind) === BAD_STATE)).toEqual([
    kinds[7],
    kinds[70],
  ]);
});

test('a role goes with the last of the kinds that are reserved for it, and none can be made after', () => {
  const { exports } = new CoreModule(debugInstance);
  exports.setUp(0, 0, 0, 0);
  const name = exports.addName(0);
  const [own, other] = [exports.addRole(0, 0, 0), exports.addRole(0, 1, 1)];
  const kinds = [own, own, other].map((role) => exports.addKind(name, RESERVED, role, 1));
  exports.markKinds();
  expect(exports.dropRole(own)).toBe(BAD_STATE);
  expect(exports.dropKind(kinds[0] as number)).toBe(OK);
  expect(exports.dropRole(own)).toBe(BAD_STATE);
  expect(exports.dropKind(kinds[1] as number)).toBe(OK);
  expect(exports.dropRole(own)).toBe(OK);
  expect(exports.addKind(name, RESERVED, own, 1)).toBe(-BAD_HANDLE);
  expect(exports.addRole(0, 2, 2)).toBe(own);
  expect(exports.dropRole(own)).toBe(OK);
  expect(exports.dropRole(other)).toBe(BAD_STATE);
});
