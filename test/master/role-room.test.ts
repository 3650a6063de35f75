// Roles named by operators and agents: the core must have room for them, and the master time.
import { expect, test } from 'vitest';
import { rolesRoomError } from '../../src/master/roles/room.ts';
import {
  MasterCall_Type,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { cluster, FakeAgent, World } from './harness.ts';

/** Roles of 64 levels each, without common parents. */
const deep = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) =>
    Array.from({ length: 64 }, (__, level) => `${prefix}${index}.${level}`).join('/'),
  );

const reservedTo = (role: string): Resource => ({
  name: 'cpus',
  type: Value_Type.SCALAR,
  scalar: { value: 0.001 },
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }],
});

const tooMany = 'There are more than 10000 roles in it, those above them included';

test('weights of more roles than the core has room for are refused, and the master goes on', () => {
  const world = new World();
  const weight_infos = deep('r', 4_500).map((role) => ({ role, weight: 2 }));
  expect(
    world.operate({ type: MasterCall_Type.UPDATE_WEIGHTS, update_weights: { weight_infos } }),
  ).toEqual({
    status: 400,
    text: `Failed to validate update weights request JSON: ${tooMany}`,
  });
  expect(world.framework().last('SUBSCRIBED')).toBeDefined();
});

test('an agent with reservations for too many roles is refused, and so is what it reports later', () => {
  const world = new World();
  const checkpointed_resources = deep('r', 500).map(reservedTo);
  const agent = new FakeAgent(world, {});
  agent.send('RegisterAgentMessage', {
    agent: agent.info(),
    version: '1.11.0',
    checkpointed_resources,
  });
  expect(agent.sent('AgentRegisteredMessage')).toEqual([]);
  expect(world.logs.at(-1)).toBe(
    `Dropping the registration of an agent at ${agent.pid}: ${tooMany}`,
  );
  agent.register();
  agent.reregister({ checkpointed_resources });
  expect(agent.sent('AgentReregisteredMessage')).toEqual([]);
  agent.send('UpdateAgentMessage', {
    agent_id: { value: agent.id },
    update_oversubscribed_resources: true,
    oversubscribed_resources: checkpointed_resources.map((it) => ({ ...it, revocable: {} })),
  });
  expect(world.master.agents.registered.get(agentId(agent.id))?.total).toHaveLength(4);
});

test('reservations of operators and frameworks for too many roles are refused', () => {
  const { world, agent, framework } = cluster();
  const resources = deep('r', 500).map(reservedTo);
  expect(
    world.operate({
      type: MasterCall_Type.RESERVE_RESOURCES,
      reserve_resources: { agent_id: { value: agent.id }, resources },
    }),
  ).toEqual({ status: 409, text: tooMany });
  expect(
    framework.accept(
      [framework.offer()],
      [{ type: Offer_Operation_Type.RESERVE, reserve: { resources } }],
    ),
  ).toMatchObject({ status: 400 });
  expect(framework.offer()).toBeDefined();
});

test('roles that are known take no more room; new ones take it with all above them', () => {
  const { world, agent } = cluster();
  agent.reregister({ checkpointed_resources: ['a/b/c', 'a/d'].map(reservedTo) });
  const state = world.master;
  // `dev`, of the framework, and `a`, `a/b`, `a/b/c` and `a/d`.
  expect(rolesRoomError(state, ['dev', 'a', 'a/d'], 5)).toBeUndefined();
  expect(rolesRoomError(state, ['a/d/e/f'], 7)).toBeUndefined();
  expect(rolesRoomError(state, ['a/d/e/f'], 6)).toBe(
    'There would be more than 6 roles, those above them included',
  );
});
