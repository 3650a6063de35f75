// The newest events, as the store tells of them and the page keeps them.
import { expect, test } from 'vitest';
import { MasterEvent_Type, TaskState } from '../../src/model/generated/messages.ts';
import { Cluster } from '../../src/webui/store/cluster.ts';
import { type ClusterEvent, EventTail, MAX_EVENTS } from '../../src/webui/store/event-tail.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';

test('the store tells what has changed, but not what the first record holds', () => {
  const heard: ClusterEvent[] = [];
  const cluster = new Cluster((event) => heard.push(event));
  const framework = { user: 'u', name: 'F one', id: { value: 'F' } };
  const agent_info = { hostname: 'a.example', id: { value: 'A' } };
  const task = {
    ...{ name: 'web', task_id: { value: 't' }, framework_id: { value: 'F' } },
    ...{ agent_id: { value: 'A' }, state: TaskState.TASK_STAGING },
  };
  const status = { task_id: { value: 't' }, state: TaskState.TASK_RUNNING };
  const added = { framework_info: framework, active: true, connected: true, recovered: false };
  const state = TaskState.TASK_RUNNING;
  for (const event of [
    {
      type: MasterEvent_Type.SUBSCRIBED,
      subscribed: { get_state: { get_frameworks: { frameworks: [added] } } },
    },
    {
      type: MasterEvent_Type.AGENT_ADDED,
      agent_added: { agent: { agent_info, active: true, version: '1' } },
    },
    { type: MasterEvent_Type.TASK_ADDED, task_added: { task } },
    {
      type: MasterEvent_Type.TASK_UPDATED,
      task_updated: { framework_id: { value: 'F' }, status, state },
    },
    { type: MasterEvent_Type.AGENT_REMOVED, agent_removed: { agent_id: { value: 'A' } } },
    { type: MasterEvent_Type.FRAMEWORK_REMOVED, framework_removed: { framework_info: framework } },
  ]) {
    for (const _ of cluster.take(encodeMessage(types.MasterEvent, event))) {
      // Others would have their turn here.
    }
  }
  expect(heard.map(({ subject, change, id, name }) => [subject, change, id, name])).toEqual([
    ['agent', 'added', 'A', 'a.example'],
    ['task', 'added', 't', 'web'],
    ['task', 'changed', 't', 'web'],
    ['agent', 'gone', 'A', 'a.example'],
    ['framework', 'gone', 'F', 'F one'],
  ]);
  expect(heard[2]).toMatchObject({ frameworkId: 'F', state: TaskState.TASK_RUNNING });
});

test('the newest events are kept, and older ones forgotten', () => {
  const tail = new EventTail();
  const event = { subject: 'agent', change: 'added', id: '', frameworkId: '' } as const;
  for (let index = 1; index <= 5 * MAX_EVENTS + 3; index++) {
    tail.add({ ...event, name: `${index}`, state: undefined }, index);
    if (index === 2) {
      expect(tail.newest().map(({ name }) => name)).toEqual(['2', '1']);
    }
  }
  const newest = tail.newest();
  expect(newest).toHaveLength(MAX_EVENTS);
  expect(newest[0]).toMatchObject({ name: `${5 * MAX_EVENTS + 3}`, number: 5 * MAX_EVENTS + 3 });
  expect(newest.at(-1)?.number).toBe(4 * MAX_EVENTS + 4);
});
