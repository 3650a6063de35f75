import { expect, test } from 'vitest';
import { createMaster, masterViews, step } from '../../src/master/master.ts';
import { type MasterCall, MasterCall_Type } from '../../src/model/generated/messages.ts';
import { requestId } from '../../src/model/ids.ts';
import { RegistryContent } from '../../src/model/registry-content.ts';
import { testCore } from './core.ts';
import { START_MS, World } from './harness.ts';

const registry = new RegistryContent().snapshot();
const nowMs = START_MS;
const other = { pid: 'master@10.0.0.9:5050' };

/** A master that was not elected. */
function candidate() {
  const { options } = new World();
  const master = createMaster(options, testCore);
  return { master, views: masterViews(master) };
}

test('a master that was not elected reads nothing, stores nothing and takes no call', () => {
  const { master, views } = candidate();
  expect(step(master, { type: 'recovered', nowMs, registry })).toEqual([]);
  const request = requestId('r1');
  expect(step(master, { type: 'operatorCall', nowMs, request, call: {} })).toEqual([
    { type: 'reply', request, status: 503, text: 'This master does not lead' },
  ]);
  expect(step(master, { type: 'leadershipLost', nowMs, reason: 'the session expired' })).toEqual(
    [],
  );
  expect(views.recovered).toBe(false);
  expect(views.leader).toEqual({ kind: 'none' });
  expect(views.metrics(nowMs)['master/elected']).toBe(0);
});

test('a master that does not lead knows who does', () => {
  const { master, views } = candidate();
  step(master, { type: 'leaderChanged', nowMs, leader: other });
  expect(views.leader).toEqual({ kind: 'other', address: '10.0.0.9:5050' });
  step(master, { type: 'leaderChanged', nowMs, leader: undefined });
  expect(views.leader).toEqual({ kind: 'none' });
});

test('an agent that asks a master which does not lead is dropped, and the log says who leads', () => {
  const { master } = candidate();
  const register = {
    type: 'agentMessage',
    nowMs,
    from: 'slave(1)@10.0.0.2:5051',
    message: { name: 'RegisterAgentMessage', body: { agent: { hostname: 'a' } } },
  } as const;
  // While nobody leads the agent only has to wait.
  expect(step(master, register)).toEqual([]);
  step(master, { type: 'leaderChanged', nowMs, leader: other });
  expect(step(master, register)).toEqual([
    {
      type: 'log',
      level: 'warn',
      text: expect.stringMatching(/of slave\(1\)@10.0.0.2:5051: the master at 10.0.0.9:5050 leads/),
    },
  ]);
  // However many agents ask, and however often, the log has a line a minute.
  expect(step(master, { ...register, nowMs: nowMs + 59_999 })).toEqual([]);
  expect(step(master, { ...register, nowMs: nowMs + 60_000 })).toHaveLength(1);
});

test('a master that is named as the leader before it is elected sends no client to itself', () => {
  const { master, views } = candidate();
  const leader = { pid: 'master@10.0.0.1:5050' };
  // Where it stays so, two masters are published under one address.
  expect(step(master, { type: 'leaderChanged', nowMs, leader })).toEqual([
    {
      type: 'log',
      level: 'info',
      text: expect.stringMatching(/has the address of this one, master@10.0.0.1:5050/),
    },
  ]);
  expect(views.leader).toEqual({ kind: 'none' });
});

test('an elected master reads the registry, once, and is not moved by late news of another', () => {
  const { master, views } = candidate();
  expect(step(master, { type: 'elected', nowMs })).toEqual([
    { type: 'log', level: 'info', text: 'Elected as the leading master' },
    { type: 'readRegistry' },
  ]);
  expect(step(master, { type: 'elected', nowMs })).toEqual([]);
  expect(step(master, { type: 'leaderChanged', nowMs, leader: other })).toEqual([]);
  expect(views.leader).toEqual({ kind: 'self', address: '10.0.0.1:5050' });
  expect(step(master, { type: 'recovered', nowMs, registry }).map(({ type }) => type)).toEqual([
    'store',
  ]);
  expect(step(master, { type: 'recovered', nowMs, registry })).toEqual([]);
});

test('a master that leads no more ends, and announces nothing that was on its way', () => {
  const world = new World();
  world.commitsAtOnce = false;
  const agent = world.agent();
  world.dispatch({ type: 'leadershipLost', reason: 'another master was elected' });
  expect(world.aborted).toBe('Lost leadership: another master was elected');
  world.commit();
  world.advance(60_000);
  expect(agent.sent('AgentRegisteredMessage')).toEqual([]);
});

const CALLS: Readonly<Record<string, MasterCall>> = {
  weights: {
    type: MasterCall_Type.UPDATE_WEIGHTS,
    update_weights: { weight_infos: [{ role: 'w', weight: 2 }] },
  },
  quota: {
    type: MasterCall_Type.UPDATE_QUOTA,
    update_quota: { force: true, quota_configs: [{ role: 'q', limits: { cpus: { value: 2 } } }] },
  },
};

test.each(Object.keys(CALLS))('a change of %s on its way is not said to be made', (name) => {
  const answers = (losesFirst: boolean) => {
    const world = new World();
    world.commitsAtOnce = false;
    // That of the call is the only write: what the election had to write is done.
    world.commit();
    const request = world.nextRequest();
    const call = CALLS[name] ?? {};
    world.dispatch({ type: 'operatorCall', request, call, principal: undefined });
    if (losesFirst) {
      world.dispatch({ type: 'leadershipLost', reason: 'another master was elected' });
    }
    world.commit();
    world.advance(60_000);
    const answer = world.answer(request);
    return answer?.type === 'reply' ? answer.status : undefined;
  };
  expect(answers(false)).toBe(200);
  expect(answers(true)).toBeUndefined();
});
