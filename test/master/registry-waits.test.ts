// What waits while the registry's disk is full: changes, and what depends on them, within bounds.
import { expect, test } from 'vitest';
import { MAX_WAITING } from '../../src/master/registrar.ts';
import {
  type MasterCall,
  MasterCall_Type,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { FakeAgent, World } from './harness.ts';

/** A world whose registry waits for room; `commit` means that there is some. */
function waitingWorld(): World {
  const world = new World();
  world.commitsAtOnce = false;
  return world;
}

/** The response; undefined until it comes. */
function ask(world: World, call: MasterCall) {
  const request = world.nextRequest();
  world.dispatch({ type: 'operatorCall', request, call, principal: undefined });
  return () => {
    const answer = world.answer(request);
    return answer?.type === 'reply' ? answer : undefined;
  };
}

const weight = (role: string) => ({
  type: MasterCall_Type.UPDATE_WEIGHTS,
  update_weights: { weight_infos: [{ role, weight: 2 }] },
});
const quota = (role: string) => ({
  type: MasterCall_Type.UPDATE_QUOTA,
  update_quota: { force: true, quota_configs: [{ role, limits: { cpus: { value: 2 } } }] },
});
const machine = (hostname: string) => ({
  type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
  update_maintenance_schedule: {
    schedule: {
      windows: [
        { machine_ids: [{ hostname }], unavailability: { start: { nanoseconds: 10n ** 18n } } },
      ],
    },
  },
});
const start = (hostname: string) => ({
  type: MasterCall_Type.START_MAINTENANCE,
  start_maintenance: { machines: [{ hostname }] },
});

/** Commits repeatedly: each stored change lets the next one go. */
function commitAll(world: World, count: number): void {
  for (let n = 0; n < count; n++) {
    world.commit();
  }
}

test('lists that several calls change while they wait have what each of them says, on the disk too', () => {
  const world = waitingWorld();
  const replies = [weight('a'), weight('b'), quota('q'), quota('r'), machine('h'), start('h')].map(
    (call) => ask(world, call),
  );
  expect(replies.map((reply) => reply()?.status)).toEqual(Array(6).fill(undefined));
  commitAll(world, 6);
  expect(replies.map((reply) => reply()?.status)).toEqual(Array(6).fill(200));
  const { weights, quotas, machines } = world.disk.snapshot();
  expect(weights?.map(({ role }) => role)).toEqual(['a', 'b']);
  expect(quotas?.map(({ role }) => role)).toEqual(['q', 'r']);
  expect(machines).toMatchObject([{ id: { hostname: 'h' }, mode: 3 }]);
});

test('so many calls wait and no more, and agents that would register are not heard beyond', () => {
  const world = waitingWorld();
  const first = ask(world, weight('first'));
  for (let count = 1; count < MAX_WAITING; count++) {
    ask(world, weight(`r${count % 10}`));
  }
  expect(world.operate(weight('more'))).toMatchObject({
    status: 503,
    text: `The registry cannot be written at present, and ${MAX_WAITING} changes wait for it already`,
  });
  const agent = world.agent();
  commitAll(world, 2);
  expect(first()?.status).toBe(200);
  expect(agent.sent('AgentRegisteredMessage')).toEqual([]);
  agent.register();
  commitAll(world, 1);
  expect(agent.sent('AgentRegisteredMessage')).toHaveLength(1);
});

test('what waits has a size together', () => {
  const world = waitingWorld();
  const text = { value: 'x'.repeat(1_000_000) };
  const asked = Array.from({ length: 200 }, (_, index) => {
    const agent = new FakeAgent(world, { pid: `slave(1)@10.0.1.${index}:5051` });
    const info = { ...agent.info(), attributes: [{ name: 'a', type: Value_Type.TEXT, text }] };
    agent.send('RegisterAgentMessage', { agent: info, version: '1.11.0' });
    return agent;
  });
  expect(world.operate(weight('w')).text).toMatch(/^The registry cannot be written at present/);
  world.commit();
  const taken = asked.filter((agent) => agent.sent('AgentRegisteredMessage').length > 0);
  expect(taken.length).toBeGreaterThan(100);
  expect(taken.length).toBeLessThan(200);
  const later = ask(world, weight('w'));
  world.commit();
  expect(later()?.status).toBe(200);
});

test('an agent that is lost while the registry is slow is lost once', () => {
  const world = new World();
  const agent = world.agent();
  world.commitsAtOnce = false;
  world.answersPings = false;
  world.advance(150_000);
  expect(world.views.metrics(world.nowMs)).toMatchObject({
    'master/slave_unreachable_scheduled': 1,
    'master/slave_unreachable_completed': 1,
  });
  world.commit();
  expect(world.disk.snapshot().unreachable.map(({ id }) => id)).toEqual([agent.id]);
});

test('an agent that waited long is asked to be what it is now: it registers again', () => {
  const world = waitingWorld();
  const agent = world.agent();
  world.advance(3_600_000);
  world.commit();
  world.commit();
  expect(agent.sent('AgentRegisteredMessage')).toEqual([]);
  expect(world.disk.snapshot().agents).toEqual([]);
  agent.register();
  world.commit();
  expect(agent.sent('AgentRegisteredMessage')).toHaveLength(1);
  expect(world.disk.snapshot().agents).toHaveLength(1);
});
