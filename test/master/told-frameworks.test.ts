// Frameworks that agents report before their schedulers subscribe, and the tree of all frameworks'
// roles.
import { expect, test } from 'vitest';
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
} from '../../src/model/generated/messages.ts';
import { treeSize } from '../../src/model/role.ts';
import { FakeAgent, World } from './harness.ts';

const capabilities = [{ type: FrameworkInfo_Capability_Type.MULTI_ROLE }];
const frameworks = (prefix: string, count: number, roles = 1): FrameworkInfo[] =>
  Array.from({ length: count }, (_, index) => ({
    user: 'u',
    name: 'n',
    id: { value: `${prefix}${index}` },
    capabilities,
    roles: Array.from({ length: roles }, (__, role) => `${prefix}${index}-${role}`),
  }));

/**
 * An agent of an earlier master registers with these frameworks; returns whether it is accepted.
 */
function comes(world: World, number: number, told: FrameworkInfo[]): boolean {
  const agent = new FakeAgent(world, {
    id: `old-S${number}`,
    pid: `slave(1)@10.0.1.${number}:5051`,
  });
  agent.reregister({ frameworks: told });
  return agent.sent('AgentReregisteredMessage').length === 1;
}

test.each([
  ['200,000 frameworks', frameworks('f', 200_000)],
  ['1,001 frameworks', frameworks('f', 1_001)],
  ['200 frameworks of a thousand roles', frameworks('f', 200, 1_000)],
  ['three frameworks of 4,000 roles', frameworks('f', 3, 4_000)],
])(
  'an agent with %s that the master does not know is left out, and the log says why',
  (_, told) => {
    const world = new World();
    expect(comes(world, 1, told)).toBe(false);
    expect(world.logs.at(-1)).toMatch(
      /^Dropping the re-registration of agent old-S1 at .* frameworks/,
    );
    expect(world.framework().last('SUBSCRIBED')).toBeDefined();
  },
);

test('an agent is taken with all frameworks that are subscribed, whatever their roles', () => {
  const world = new World();
  const told = frameworks('f', 3, 4_000);
  expect(comes(world, 1, told)).toBe(false);
  for (const info of told) {
    expect(world.framework(info).last('SUBSCRIBED')).toBeDefined();
  }
  expect(comes(world, 1, told)).toBe(true);
});

test('frameworks that strangers tell of have a share together, and take nobody else’s place', () => {
  const world = new World();
  for (let number = 0; number < 4; number++) {
    expect(comes(world, number, frameworks(`f${number}-`, 1_000))).toBe(true);
  }
  // Both have room when they ask, but only one when their return is stored.
  world.commitsAtOnce = false;
  const two = [4, 5].map((number) => {
    const pid = `slave(1)@10.0.1.${number}:5051`;
    const agent = new FakeAgent(world, { id: `old-S${number}`, pid });
    agent.reregister({ frameworks: frameworks(`f${number}-`, 1_000) });
    return agent;
  });
  world.commit();
  world.commitsAtOnce = true;
  expect(two.map((agent) => agent.sent('AgentReregisteredMessage').length)).toEqual([1, 0]);
  expect(comes(world, 11, frameworks('g', 1))).toBe(false);
  expect(world.framework().last('SUBSCRIBED')).toBeDefined();
  // A framework that subscribes takes a place among the subscribers, and frees its own.
  const [info] = frameworks('f0-', 1);
  expect(world.framework(info).last('SUBSCRIBED')).toBeDefined();
  expect(comes(world, 11, frameworks('g', 1))).toBe(true);
});

test('an agent that the registry names comes back when strangers have told of all that they may', () => {
  const before = new World();
  const known = before.agent({ pid: 'slave(1)@10.0.2.1:5051' });
  const world = before.restart();
  const strangers = Array.from({ length: 10 }, (_, number) =>
    comes(world, number, frameworks(`f${number}-`, 1_000)),
  );
  expect(strangers.filter(Boolean)).toHaveLength(5);
  const back = new FakeAgent(world, { id: known.id, pid: known.pid });
  back.reregister({ frameworks: frameworks('own', 1_000) });
  expect(back.sent('AgentReregisteredMessage')).toHaveLength(1);
});

test('strangers of one address tell of a part of that', () => {
  const world = new World();
  const taken = Array.from({ length: 4 }, (_, number) => {
    const pid = `slave(${number})@10.0.1.1:5051`;
    const agent = new FakeAgent(world, { id: `old-S${number}`, pid });
    agent.reregister({ frameworks: frameworks(`f${number}-`, 1_000) });
    return agent.sent('AgentReregisteredMessage').length;
  });
  expect(taken).toEqual([1, 1, 0, 0]);
  expect(world.logs.at(-1)).toContain('Agents at 10.0.1.1 that are not known here would tell of');
});

const deep = (index: number) =>
  Array.from({ length: 64 }, (_, level) => `r${index}.${level}`).join('/');

test('roles count with all above them, each once', () => {
  expect(treeSize(['a/b/c', 'a/b', 'a/d', 'e'], 100)).toBe(5);
  expect(treeSize(['a/b/c/d/e'], 2)).toBe(3);
});

test('a framework has so many roles with all above them, and all frameworks together', () => {
  const world = new World();
  const roles = Array.from({ length: 157 }, (_, index) => deep(index));
  expect(world.framework({ roles }).last('ERROR')?.error?.message).toBe(
    "'FrameworkInfo.roles' with all roles above them are more than 10000",
  );
  for (let count = 0; count < 10; count++) {
    expect(world.framework({ roles: roles.slice(1) }).last('SUBSCRIBED')).toBeDefined();
  }
  expect(world.framework({ roles: roles.slice(0, 3) }).last('ERROR')?.error?.message).toBe(
    'All frameworks together would have more than 100000 roles, those above theirs included',
  );
});
