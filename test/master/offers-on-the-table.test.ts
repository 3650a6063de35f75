// GET_OFFERS: what frameworks have been offered and have not answered.
import { expect, test } from 'vitest';
import { type MasterCall_GetOffers, MasterCall_Type } from '../../src/model/generated/messages.ts';
import type { Action, Authorizer } from '../../src/security/authorizer.ts';
import { cluster, START_MS, type World } from './harness.ts';

const call = { type: MasterCall_Type.GET_OFFERS };
const offersOf = (world: World) => world.read(call).get_offers?.offers ?? [];
const without = (denied: Action): Authorizer => ({ authorize: (_, action) => action !== denied });
const nanoseconds = (ms: number) => BigInt(ms) * 1_000_000n;

test('offers are told with the time when each was made, the oldest first', () => {
  const { world, agent, framework } = cluster({ offerTimeoutMs: 60_000 });
  world.advance(5_000);
  const second = world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  world.allocate();
  const [first, last] = offersOf(world);
  expect(first).toMatchObject({
    offer_id: framework.offers()[0]?.id,
    framework_id: { value: framework.id },
    agent_id: { value: agent.id },
    role: 'dev',
  });
  expect(first?.resources?.map(({ name }) => name)).toEqual(['cpus', 'mem', 'disk', 'ports']);
  expect(last?.agent_id).toEqual({ value: second.id });
  const madeNs = [first, last].map((it) => it?.made_time.nanoseconds ?? 0n);
  expect(madeNs[0]).toBeLessThanOrEqual(nanoseconds(START_MS + 5_000));
  expect(madeNs[1]).toBeGreaterThanOrEqual(nanoseconds(START_MS + 5_000));
  expect(first?.end_time?.nanoseconds).toBe((madeNs[0] ?? 0n) + nanoseconds(60_000));
});

test('less can be asked for: of one framework, old ones, the first few', () => {
  const { world, framework } = cluster();
  world.advance(60_000);
  world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  world.allocate();
  const asked = (get_offers: MasterCall_GetOffers) => {
    const { offers = [], more } = world.read({ ...call, get_offers }).get_offers ?? {};
    return [offers.map(({ offer_id }) => offer_id.value), more];
  };
  const [first, second] = framework.offers().map(({ id }) => id.value);
  expect(asked({ framework_id: { value: framework.id } })).toEqual([[first, second], undefined]);
  expect(asked({ framework_id: { value: 'nobody' } })).toEqual([[], undefined]);
  expect(asked({ older_than: { nanoseconds: nanoseconds(30_000) } })).toEqual([[first], undefined]);
  expect(asked({ limit: 1 })).toEqual([[first], 1]);
  expect(asked({ limit: 0 })).toEqual([[], 2]);
});

test('an answered offer is told no more', () => {
  const { world, framework } = cluster();
  expect(offersOf(world)).toHaveLength(1);
  expect(offersOf(world)[0]).not.toHaveProperty('end_time');
  framework.call('DECLINE', { decline: { offer_ids: [framework.offer().id] } });
  expect(world.read(call).get_offers).toEqual({});
});

test('inverse offers are told with the unavailability that they are for', () => {
  const { world, agent, framework } = cluster();
  const unavailability = { start: { nanoseconds: nanoseconds(START_MS + 3_600_000) } };
  world.operate({
    type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
    update_maintenance_schedule: {
      schedule: {
        windows: [{ machine_ids: [{ hostname: 'node2', ip: '10.0.0.2' }], unavailability }],
      },
    },
  });
  framework.launch(framework.offer(), { task_id: { value: 't' } });
  const scheduledMs = world.nowMs;
  world.allocate();
  const inverse = framework.last('INVERSE_OFFERS')?.inverse_offers?.inverse_offers?.[0];
  expect(world.read(call).get_offers?.inverse_offers).toEqual([
    {
      inverse_offer_id: inverse?.id,
      framework_id: { value: framework.id },
      agent_id: { value: agent.id },
      unavailability,
      made_time: { nanoseconds: nanoseconds(scheduledMs) },
    },
  ]);
});

test.each(['VIEW_FRAMEWORK', 'VIEW_ROLE'] as const)('without %s there are no offers', (action) => {
  const { world } = cluster();
  expect(world.views.read(call, { authorizer: without(action) })?.get_offers).toEqual({});
});
