// The events that readers of the operator API's stream get, and those that they do not.
import { expect, test } from 'vitest';
import type { MasterEffect } from '../../src/master/effects.ts';
import {
  MasterCall_Type,
  MasterEvent_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { cluster, World } from './harness.ts';

const watched = () => {
  const made = cluster();
  made.world.operate({ type: MasterCall_Type.SUBSCRIBE });
  made.world.operatorEvents.length = 0;
  return made;
};
const types = (world: World) =>
  world.operatorEvents.map(({ type }) => type).filter((it) => it !== MasterEvent_Type.HEARTBEAT);

test('a framework of the stream has its times, and neither offers nor resources', () => {
  const { world, framework } = watched();
  expect(framework.offers()).toHaveLength(1);
  framework.launch(framework.offer(), 't1');
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
  world.operatorEvents.length = 0;
  framework.subscribe({ name: 'changed' });
  const updated = world.operatorEvents.find(
    ({ type }) => type === MasterEvent_Type.FRAMEWORK_UPDATED,
  );
  const { framework: shown } = updated?.framework_updated ?? {};
  expect(Object.keys(shown ?? {}).sort()).toEqual([
    'active',
    'connected',
    'framework_info',
    'recovered',
    'registered_time',
    'reregistered_time',
    'unregistered_time',
  ]);
  expect(shown?.framework_info.name).toBe('changed');
});

test('an agent that unregisters is told of as removed', () => {
  const { world, agent } = watched();
  agent.send('UnregisterAgentMessage', { agent_id: { value: agent.id } });
  expect(types(world)).toEqual([MasterEvent_Type.AGENT_REMOVED]);
});

test('an agent whose place another takes is told of as removed', () => {
  const { world, agent } = watched();
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  agent.register();
  expect(types(world)).toEqual([MasterEvent_Type.AGENT_REMOVED, MasterEvent_Type.AGENT_ADDED]);
});

test('an agent that becomes unreachable, or is declared gone, is not told of as removed', () => {
  const lost = watched();
  lost.world.answersPings = false;
  lost.world.advance(120_000);
  expect(lost.world.read({ type: MasterCall_Type.GET_AGENTS }).get_agents?.agents).toEqual([]);
  expect(types(lost.world)).not.toContain(MasterEvent_Type.AGENT_REMOVED);

  const gone = watched();
  gone.framework.launch(gone.framework.offer(), 't1');
  gone.agent.update(gone.framework, 't1', TaskState.TASK_RUNNING);
  gone.world.operate({
    type: MasterCall_Type.MARK_AGENT_GONE,
    mark_agent_gone: { agent_id: { value: gone.agent.id } },
  });
  expect(types(gone.world)).toContain(MasterEvent_Type.TASK_UPDATED);
  expect(types(gone.world)).not.toContain(MasterEvent_Type.AGENT_REMOVED);
});

test('an agent shows a reader only the resources of roles that the reader may see', () => {
  const world = new World({
    authorizer: {
      authorize: (_principal, action, object) =>
        action !== 'VIEW_ROLE' || object?.value !== 'secret',
    },
  });
  world.operate({ type: MasterCall_Type.SUBSCRIBE });
  world.agent({ resources: 'cpus:4;mem:64;cpus(secret):2;disk(known):8' });
  const added = world.operatorEvents.find(({ type }) => type === MasterEvent_Type.AGENT_ADDED);
  const { agent } = added?.agent_added ?? {};
  for (const list of [agent?.total_resources, agent?.agent_info.resources]) {
    expect(list?.map(({ name }) => name)).toEqual(['cpus', 'mem', 'disk']);
  }
});

test('readers that come one after the other share what they are shown first, until anything happens', () => {
  const shown: unknown[] = [];
  const onEffect = (effect: MasterEffect) => {
    if (effect.type === 'sendToOperator' && effect.event.type === MasterEvent_Type.SUBSCRIBED) {
      shown.push(effect.event);
    }
  };
  const world = new World({}, { onEffect });
  const subscribe = (value: string) =>
    world.operate({ type: MasterCall_Type.SUBSCRIBE }, { value });
  subscribe('a');
  subscribe('a');
  subscribe('b');
  world.framework();
  subscribe('b');
  const [first, second, other, later] = shown;
  expect(second).toBe(first);
  expect(other).not.toBe(first);
  expect(later).not.toBe(other);
  expect(later).toMatchObject({
    subscribed: { get_state: { get_frameworks: { frameworks: [{}] } } },
  });
});

/** The events themselves, as they are handed on, and who gets each. */
function handedOn() {
  const sent: Extract<MasterEffect, { type: 'sendToOperator' }>[] = [];
  const onEffect = (effect: MasterEffect) => {
    if (effect.type === 'sendToOperator') {
      sent.push(effect);
    }
  };
  const world = new World({}, { onEffect });
  const agent = world.agent();
  const framework = world.framework();
  world.allocate();
  const of = (wanted: MasterEvent_Type) => sent.filter(({ event }) => event.type === wanted);
  return { world, agent, framework, of };
}

test('what a reader is shown first stays as it was, whatever tasks do while it is written', () => {
  const { world, framework, agent, of } = handedOn();
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_STARTING);
  world.operate({ type: MasterCall_Type.SUBSCRIBE });
  const [first] = of(MasterEvent_Type.SUBSCRIBED);
  const before = structuredClone(first?.event);
  expect(before?.subscribed?.get_state?.get_tasks?.tasks).toHaveLength(1);
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  expect(first?.event).toEqual(before);
});

test('readers who see the same of a task share each event of it', () => {
  const { world, framework, agent, of } = handedOn();
  world.operate({ type: MasterCall_Type.SUBSCRIBE }, { value: 'a' });
  world.operate({ type: MasterCall_Type.SUBSCRIBE }, { value: 'b' });
  framework.launch(framework.offer(), 't1');
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  for (const type of [MasterEvent_Type.TASK_ADDED, MasterEvent_Type.TASK_UPDATED]) {
    const [one, other, ...more] = of(type);
    expect(one?.stream).not.toBe(other?.stream);
    expect(other?.event).toBe(one?.event);
    expect(more).toEqual([]);
  }
});
