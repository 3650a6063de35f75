// Operators change what an agent has to do while an earlier change of it is being stored: each
// change builds on the one before.
import { expect, test } from 'vitest';
import {
  DrainState,
  type MasterCall,
  MasterCall_Type,
} from '../../src/model/generated/messages.ts';
import { cluster, type World } from './harness.ts';

/** Sends calls while nothing is written, and then writes everything. */
function together(world: World, calls: readonly MasterCall[]): readonly number[] {
  world.commitsAtOnce = false;
  const requests = calls.map((call) => {
    const request = world.nextRequest();
    world.dispatch({ type: 'operatorCall', request, call });
    return request;
  });
  // A drain that has ended is stored as well.
  for (const _write of [...calls, 'drained']) {
    world.commit();
  }
  return requests.map((request) => {
    const answer = world.answer(request);
    return answer?.type === 'reply' ? answer.status : 0;
  });
}

const ofAgent = (id: string) => {
  const agent_id = { value: id };
  return {
    drain: { type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id } },
    deactivate: { type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } },
    reactivate: { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } },
    gone: { type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } },
  };
};

test('an agent with tasks that is deactivated while its drain is being stored drains after a restart', () => {
  const { world, agent, framework } = cluster({}, { checkpoint: true, failover_timeout: 60 });
  framework.launch(framework.offer(), 't1');
  const { drain, deactivate } = ofAgent(agent.id);
  expect(together(world, [drain, deactivate])).toEqual([200, 200]);
  expect(world.disk.snapshot().duties).toMatchObject([
    { deactivated: true, drain: { state: DrainState.DRAINING } },
  ]);
});

test('an idle agent that is deactivated while its drain is being stored is drained after a restart', () => {
  const { world, agent } = cluster();
  const { drain, deactivate } = ofAgent(agent.id);
  expect(together(world, [drain, deactivate, deactivate])).toEqual([200, 200, 200]);
  expect(world.disk.snapshot().duties).toMatchObject([
    { deactivated: true, drain: { state: DrainState.DRAINED } },
  ]);
});

test('an agent that is reactivated before its drain is stored is told that it drains', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  const { drain, reactivate } = ofAgent(agent.id);
  expect(together(world, [drain, reactivate])).toEqual([200, 400]);
});

test('nothing is stored of what an agent is to do that is being marked gone', () => {
  const { world, agent } = cluster();
  const { gone, deactivate, drain } = ofAgent(agent.id);
  expect(together(world, [gone, deactivate, drain])).toEqual([200, 409, 409]);
  expect(world.disk.snapshot().duties).toEqual([]);
});
