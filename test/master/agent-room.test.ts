// How many agents there may be, and how much they may tell of themselves.
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { AgentRoom } from '../../src/master/agents/room.ts';
import {
  AGENTS_OF_ADDRESS_SHARE,
  MAX_ADDRESS_AGENTS,
  MAX_AGENTS,
  MAX_AGENTS_BYTES,
} from '../../src/master/validation/agent-bounds.ts';
import {
  type AgentInfo,
  type Resource,
  Resource_ReservationInfo_Type,
  TaskState,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { FakeAgent, World } from './harness.ts';

const MIB = 1024 * 1024;

/** An agent whose description is about a million bytes. */
const info: AgentInfo = {
  hostname: 'h',
  resources: parseResources('cpus:1'),
  attributes: [{ name: 'a', type: Value_Type.TEXT, text: { value: 'x'.repeat(1_000_000) } }],
};

function register(world: World, ip: string, number: number): FakeAgent {
  const agent = new FakeAgent(world, { pid: `slave(${number})@${ip}:5051` });
  agent.send('RegisterAgentMessage', { agent: info, version: '1.11.0' });
  return agent;
}

const isIn = (agent: FakeAgent) => agent.sent('AgentRegisteredMessage').length === 1;

/** For a process with less memory than most. */
const maxAgentsBytes = 384 * MIB;

test('agents of one address tell so much, and no more; others register', () => {
  const world = new World({ maxAgentsBytes });
  const agents = Array.from({ length: 136 }, (_, number) => register(world, '10.9.9.9', number));
  expect(agents.filter(isIn)).toHaveLength(134);
  expect(world.logs.at(-1)).toBe(
    'Dropping the registration of an agent at slave(135)@10.9.9.9:5051: The agents at 10.9.9.9 would' +
      ` tell more than ${maxAgentsBytes * AGENTS_OF_ADDRESS_SHARE} bytes of themselves`,
  );
  expect(isIn(register(world, '10.9.9.8', 0))).toBe(true);
  // An agent that unregisters leaves its place to another.
  agents[0]?.send('UnregisterAgentMessage', {
    agent_id: { value: [...world.master.agents.registered.keys()][0] ?? '' },
  });
  expect(isIn(register(world, '10.9.9.9', 200))).toBe(true);
  expect(isIn(register(world, '10.9.9.9', 201))).toBe(false);
});

test('what is on its way into the registry counts, and what the registry names', () => {
  const world = new World({ maxAgentsBytes });
  for (let ip = 0; ip < 3; ip++) {
    for (let number = 0; number < 130; number++) {
      register(world, `10.9.9.${ip}`, number);
    }
  }
  world.commitsAtOnce = false;
  for (let number = 0; number < 20; number++) {
    register(world, '10.9.9.3', number);
  }
  expect(world.logs.filter((it) => it.includes('All agents would tell'))).toHaveLength(8);
  world.commit();
  world.commitsAtOnce = true;
  expect(world.master.agents.registered.size).toBe(402);
  const next = world.restart();
  expect(next.master.agents.recovered.size).toBe(402);
  expect(isIn(register(next, '10.9.9.200', 0))).toBe(false);
  // An agent in the registry may come back in any case.
  const [known] = next.master.agents.recovered.values();
  const back = new FakeAgent(next, { pid: 'slave(0)@10.9.9.0:5051' });
  back.send('ReregisterAgentMessage', { agent: known ?? info, version: '1.11.0' });
  expect(back.sent('AgentReregisteredMessage')).toHaveLength(1);
});

test('agents have a number, alone at an address and all together', () => {
  const room = new AgentRoom();
  for (let number = 0; number < MAX_AGENTS; number++) {
    const ip = `10.0.0.${Math.floor(number / MAX_ADDRESS_AGENTS)}`;
    assert.equal(room.error(`a${number}`, ip, 1), undefined);
    room.take(`a${number}`, ip, 1);
  }
  expect(room.error('b', '10.0.0.0', 1)).toBe(
    `There are ${MAX_ADDRESS_AGENTS} agents at 10.0.0.0 already, which is as many as may be`,
  );
  expect(room.error('b', '10.0.1.0', 1)).toBe(
    `There are ${MAX_AGENTS} agents already, which is as many as may be`,
  );
  expect(room.error('a0', '10.0.0.0', 2)).toBeUndefined();
  expect(room.error('a0', '10.0.1.0', 2)).toBeUndefined();
  room.leave('a0');
  expect(room.error('b', '10.0.0.0', 1)).toBeUndefined();
});

test('an agent that moves or tells more counts once', () => {
  const room = new AgentRoom();
  room.take('a', undefined, MIB);
  for (let time = 0; time < 1000; time++) {
    room.take('a', '10.0.0.1', MAX_AGENTS_BYTES * AGENTS_OF_ADDRESS_SHARE - MIB);
  }
  expect(room.error('b', '10.0.0.1', MIB)).toBeUndefined();
  expect(room.error('b', '10.0.0.1', MIB + 1)).toBeDefined();
  expect(room.error('a', '10.0.0.1', MAX_AGENTS_BYTES * AGENTS_OF_ADDRESS_SHARE)).toBeUndefined();
  room.take('a', '10.0.0.2', MIB);
  expect(room.error('b', '10.0.0.1', MAX_AGENTS_BYTES * AGENTS_OF_ADDRESS_SHARE)).toBeUndefined();
  expect(room.error('b', '10.0.0.3', MAX_AGENTS_BYTES)).toBeDefined();
});

const running = (count: number, resourcesOf: (index: number) => Resource[]) => ({
  frameworks: [{ user: 'u', name: 'n', id: { value: 'f' }, role: 'dev' }],
  tasks: Array.from({ length: count }, (_, index) => ({
    name: 't',
    task_id: { value: `t${index}` },
    framework_id: { value: 'f' },
    agent_id: { value: 'old-S0' },
    state: TaskState.TASK_RUNNING,
    resources: resourcesOf(index),
  })),
});
const scalar = (value: number, label?: string): Resource => ({
  name: 'cpus',
  type: Value_Type.SCALAR,
  scalar: { value },
  ...(label !== undefined && {
    reservations: [
      {
        type: Resource_ReservationInfo_Type.DYNAMIC,
        role: 'dev',
        labels: { labels: [{ key: label }] },
      },
    ],
  }),
});

test.each([
  ['amounts that no number holds', running(20, () => [scalar(9e9)]), /counted in all/],
  [
    'reservations that all differ',
    running(10, (task) => Array.from({ length: 500 }, (_, at) => scalar(0.001, `${task}-${at}`))),
    /more than 4000 of the agent differ/,
  ],
  [
    'more resources than can be summed in time',
    running(30, () => Array.from({ length: 9_000 }, () => scalar(0.001))),
    /counted in all/,
  ],
])('an agent whose tasks have %s together is not taken, though each may be', (_, more, why) => {
  const world = new World();
  const agent = new FakeAgent(world, { id: 'old-S0' });
  agent.reregister(more);
  expect(agent.sent('AgentReregisteredMessage')).toEqual([]);
  expect(world.logs.at(-1)).toMatch(why);
  expect(isIn(world.agent({ pid: 'slave(1)@10.0.0.3:5051' }))).toBe(true);
});

const amounts = (value: number) => ({ resources: [scalar(value)], hostname: 'h' });

test('an agent may have much of something in many parts', () => {
  const world = new World();
  const agent = new FakeAgent(world, {});
  agent.send('RegisterAgentMessage', {
    agent: amounts(9e9),
    checkpointed_resources: Array.from({ length: 2_000 }, (_, at) => scalar(0.001, `r${at}`)),
    version: '1.11.0',
  });
  expect(isIn(agent)).toBe(true);
});

test('agents have together what the core can count, with what they report later', () => {
  const world = new World();
  const agents = Array.from({ length: 801 }, (_, number) => {
    const agent = new FakeAgent(world, { pid: `slave(${number})@10.9.9.${number % 4}:5051` });
    agent.send('RegisterAgentMessage', { agent: amounts(1e10), version: '1.11.0' });
    return agent;
  });
  expect(agents.filter(isIn)).toHaveLength(800);
  expect(world.logs.at(-1)).toMatch(/more than 8000000000000 of all resources together/);
  const id = [...world.master.agents.registered.keys()][0] ?? '';
  agents[0]?.send('UpdateAgentMessage', {
    agent_id: { value: id },
    update_oversubscribed_resources: true,
    oversubscribed_resources: [{ ...scalar(1e10), revocable: {} }],
  });
  expect(world.logs.at(-1)).toMatch(/more than 8000000000000 of all resources together/);
  agents[0]?.send('UnregisterAgentMessage', { agent_id: { value: id } });
  expect(isIn(world.agent({ pid: 'slave(1)@10.9.9.8:5051' }))).toBe(true);
});

test('the agents of one address leave others a part of what the core can count', () => {
  const world = new World();
  const at = (ip: string, number: number) => {
    const agent = new FakeAgent(world, { pid: `slave(${number})@${ip}:5051` });
    agent.send('RegisterAgentMessage', { agent: amounts(1e10), version: '1.11.0' });
    return isIn(agent);
  };
  const taken = Array.from({ length: 300 }, (_, number) => at('10.9.9.9', number)).filter(Boolean);
  expect(taken).toHaveLength(266);
  expect(world.logs.at(-1)).toMatch(/The agents at 10.9.9.9 would have and run more than/);
  expect(at('10.9.9.8', 0)).toBe(true);
});

test('many small things count as what they take in memory', () => {
  const world = new World({ maxAgentsBytes: 30 * MIB });
  const attributes = Array.from({ length: 10_000 }, (_, number) => ({
    name: `a${number}`,
    type: Value_Type.TEXT,
    text: { value: '' },
  }));
  const taken = Array.from({ length: 20 }, (_, number) => {
    const agent = new FakeAgent(world, { pid: `slave(${number})@10.9.9.9:5051` });
    agent.send('RegisterAgentMessage', { agent: { ...info, attributes }, version: '1.11.0' });
    return isIn(agent);
  });
  // Each takes over a hundred bytes of memory, and about thirty on the wire.
  expect(taken.filter(Boolean)).toHaveLength(7);
});
