// The page's store: what the master's events, in the master's own encoding, make of it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DrainState,
  type MasterEvent,
  MasterEvent_Type,
  type Task,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { Cluster } from '../../src/webui/store/cluster.ts';
import type { ClusterEvent } from '../../src/webui/store/event-tail.ts';
import { failingFrameworks } from '../../src/webui/store/failing.ts';
import { byText, TaskList } from '../../src/webui/store/task-list.ts';
import { agentName } from '../../src/webui/words/conditions.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';

const scalar = (name: string, value: number, role = 'web') => ({
  ...{ name, type: 0 as const, scalar: { value }, allocation_info: { role } },
});

const task = (id: string, fields: Partial<Task> = {}): Task => ({
  name: `name of ${id}`,
  task_id: { value: id },
  framework_id: { value: 'F' },
  agent_id: { value: 'S' },
  state: TaskState.TASK_STAGING,
  resources: [scalar('cpus', 0.1), scalar('mem', 64), scalar('cpus', 0.2)],
  ...fields,
});

const framework = (id: string) => ({
  framework_info: { user: 'u', name: `framework ${id}`, id: { value: id }, roles: ['web'] },
  ...{ active: true, connected: true, recovered: false },
  registered_time: { nanoseconds: 1_700_000_000_123_000_000n },
});

const agent = (id: string) => ({
  agent_info: {
    ...{ id: { value: id }, hostname: `${id}.example`, resources: [] },
    attributes: [
      { name: 'rack', type: 3 as const, text: { value: 'r1' } },
      { name: 'ports', type: 1 as const, ranges: { range: [{ begin: 1, end: 2 }] } },
    ],
    domain: { fault_domain: { region: { name: 'north' }, zone: { name: 'a' } } },
  },
  ...{ active: true, version: '1', pid: 'slave(1)@127.0.0.1:5051' },
  total_resources: [scalar('cpus', 4), scalar('mem', 1024)],
});

function told(cluster: Cluster, event: MasterEvent): void {
  for (const _ of cluster.take(encodeMessage(types.MasterEvent, event))) {
    // Others would have their turn here.
  }
}

function subscribed(tasks: readonly Task[], onEvent?: (event: ClusterEvent) => void): Cluster {
  const cluster = new Cluster(onEvent);
  told(cluster, {
    type: MasterEvent_Type.SUBSCRIBED,
    subscribed: {
      heartbeat_interval_seconds: 20,
      get_state: {
        get_frameworks: { frameworks: [framework('F')], completed_frameworks: [framework('G')] },
        get_agents: { agents: [agent('S')], recovered_agents: [agent('R').agent_info] },
      },
    },
  });
  told(cluster, {
    type: MasterEvent_Type.TASKS_TOLD,
    tasks_told: { tasks: [...tasks], last: true },
  });
  return cluster;
}

const updated = (id: string, state: TaskState, timestamp: number): MasterEvent => ({
  type: MasterEvent_Type.TASK_UPDATED,
  task_updated: {
    framework_id: { value: 'F' },
    status: { task_id: { value: id }, state, timestamp, message: `it is ${state}`, reason: 19 },
    state,
  },
});

test('a stream begins with the whole cluster', () => {
  const cluster = subscribed([
    task('1', { labels: { labels: [{ key: 'tier', value: 'front' }, { key: 'on' }] } }),
    task('2', {
      state: TaskState.TASK_FAILED,
      executor_id: { value: 'E' },
      statuses: [
        { task_id: { value: '2' }, state: TaskState.TASK_RUNNING, timestamp: 10, healthy: true },
        { task_id: { value: '2' }, state: TaskState.TASK_FAILED, timestamp: 20, message: 'no' },
      ],
    }),
  ]);
  expect(cluster.task('F', '1')).toMatchObject({
    ...{ id: '1', name: 'name of 1', executorId: '1', role: 'web', state: TaskState.TASK_STAGING },
    ...{ labels: ['tier:front', 'on'], amounts: [300, 64_000, 0, 0], startedMs: 0 },
  });
  expect(cluster.task('F', '2')).toMatchObject({
    ...{ executorId: 'E', startedMs: 10_000, changedMs: 20_000, healthy: true },
  });
  expect(cluster.frameworks.get('F')).toMatchObject({
    ...{ name: 'framework F', roles: ['web'], active: true, isCompleted: false },
    registeredMs: 1_700_000_000_123,
  });
  expect(cluster.frameworks.get('G')?.isCompleted).toBe(true);
  expect(cluster.agents.get('S')).toMatchObject({
    ...{ hostname: 'S.example', region: 'north', zone: 'a', total: [4000, 1_024_000, 0, 0] },
    attributes: [
      { name: 'rack', text: 'r1' },
      { name: 'ports', text: '[1-2]' },
    ],
  });
  expect(cluster.agents.get('R')).toMatchObject({ isRecovered: true, active: false });
  // What has ended takes nothing.
  expect(cluster.sums.amounts).toEqual([300, 64_000, 0, 0]);
  expect(cluster.use('S').sums.live).toBe(1);
  expect(cluster).toMatchObject({ heartbeatMs: 20_000, isFilled: true });
});

const lost = (id: string, fields: object = {}) => ({
  ...{ agent_id: { value: id }, gone: false, since_time: { nanoseconds: 5_000_000n } },
  ...fields,
});

const removed = (id: string, fields?: object): MasterEvent => ({
  type: MasterEvent_Type.AGENT_REMOVED,
  agent_removed: {
    agent_id: { value: id },
    ...(fields && { lost_agent: lost(id, fields) }),
  },
});

test('an agent that is lost is remembered with all that was known of it, until it is forgotten', () => {
  const heard: string[] = [];
  const cluster = subscribed([task('1')], ({ change, name }) => heard.push(`${name} ${change}`));
  told(cluster, removed('S', { hostname: 'S.example', message: 'no answer' }));
  expect(cluster.agents.has('S')).toBe(false);
  expect(cluster.agent('S')).toMatchObject({
    ...{ hostname: 'S.example', zone: 'a', attributes: [{ name: 'rack' }, {}] },
    loss: { isGone: false, sinceMs: 5, message: 'no answer' },
  });
  // The tasks that were on it are still of it.
  expect(cluster.use('S').tasks.size).toBe(1);
  told(cluster, removed('S', { gone: true }));
  expect(cluster.agent('S')).toMatchObject({ zone: 'a', loss: { isGone: true, message: '' } });
  told(cluster, removed('S'));
  expect(cluster.agent('S')).toBeUndefined();
  told(cluster, removed('S', {}));
  told(cluster, { type: MasterEvent_Type.AGENT_ADDED, agent_added: { agent: agent('S') } });
  expect(cluster.agent('S')?.loss).toBeUndefined();
  expect(cluster.away.lost.size).toBe(0);
  expect(heard).toEqual(['S.example gone', 'S.example added']);
});

const refused = (pid: string, message: string, secs: number) => ({
  ...{ pid, hostname: `host of ${pid}`, message, times: 2 },
  first_time: { nanoseconds: 1_000_000_000n },
  last_time: { nanoseconds: BigInt(secs) * 1_000_000_000n },
});

test('a stream begins with agents that were lost and refused, and tells of others later', () => {
  const cluster = new Cluster();
  const get_agents = { lost_agents: [lost('L')], refused_agents: [refused('p', 'no', 10)] };
  told(cluster, {
    type: MasterEvent_Type.SUBSCRIBED,
    subscribed: { get_state: { get_agents } },
  });
  expect(agentName(cluster.agent('L'))).toBe('L');
  expect(cluster.away.refused).toEqual([
    {
      ...{ pid: 'p', hostname: 'host of p', message: 'no', times: 2 },
      ...{ firstMs: 1000, lastMs: 10_000 },
    },
  ]);
  const agents = [refused('q', 'too old', 700), refused('p', 'no', 650), refused('r', 'no', 20)];
  told(cluster, { type: MasterEvent_Type.AGENTS_REFUSED, agents_refused: { agents } });
  const now = [...cluster.away.refusedNow(700_000)];
  expect(now.map(([message, those]) => [message, those.map(({ pid }) => pid)])).toEqual([
    ['too old', ['q']],
    ['no', ['p']],
  ]);
});

test('frameworks whose tasks fail again and again are told by what has ended lately', () => {
  const cluster = subscribed([]);
  const end = (id: string, frameworkId: string, state: TaskState, timestamp: number) =>
    told(cluster, {
      type: MasterEvent_Type.TASK_ADDED,
      task_added: {
        task: task(id, {
          framework_id: { value: frameworkId },
          state,
          statuses: [{ task_id: { value: id }, state, timestamp }],
        }),
      },
    });
  const { TASK_FAILED, TASK_FINISHED } = TaskState;
  end('old', 'F', TASK_FAILED, 9);
  for (let at = 0; at < 3; at++) {
    end(`f${at}`, 'F', TASK_FAILED, 20 + at);
    end(`g${at}`, 'G', TASK_FINISHED, 20 + at);
  }
  end('f3', 'F', TASK_FINISHED, 30);
  end('g3', 'G', TASK_FAILED, 30);
  end('g4', 'G', TASK_FAILED, 30);
  expect(failingFrameworks(cluster, 10_000)).toEqual([
    { frameworkId: 'F', failed: 3, ended: 4, lastMs: 22_000 },
  ]);
});

test('a task is told of until it has ended, with each of its statuses', () => {
  const cluster = subscribed([]);
  told(cluster, { type: MasterEvent_Type.TASK_ADDED, task_added: { task: task('1') } });
  told(cluster, updated('1', TaskState.TASK_RUNNING, 30));
  told(cluster, updated('1', TaskState.TASK_FAILED, 40));
  told(cluster, updated('unknown', TaskState.TASK_FAILED, 40));
  const row = cluster.task('F', '1');
  expect(row).toMatchObject({ state: TaskState.TASK_FAILED, startedMs: 30_000, changedMs: 40_000 });
  expect(row?.details().statuses).toMatchObject([
    { state: TaskState.TASK_RUNNING, timestamp: 30, message: 'it is 1' },
    { state: TaskState.TASK_FAILED, timestamp: 40, reason: 19 },
  ]);
  expect(cluster.sums.amounts).toEqual([0, 0, 0, 0]);
  expect(cluster.sums.count([TaskState.TASK_FAILED])).toBe(1);
  expect([...cluster.takeChanges().tasks]).toEqual([row]);
  expect(cluster.takeChanges().tasks.size).toBe(0);
});

test('tasks are told of by and by, each as it is then, and events go on from there', () => {
  const cluster = new Cluster();
  const portion = (tasks: Task[], last = false) =>
    told(cluster, { type: MasterEvent_Type.TASKS_TOLD, tasks_told: { tasks, last } });
  told(cluster, { type: MasterEvent_Type.SUBSCRIBED, subscribed: { get_state: {} } });
  expect(cluster).toMatchObject({ isFilled: true, isWhole: false });
  told(cluster, updated('1', TaskState.TASK_RUNNING, 30));
  told(cluster, { type: MasterEvent_Type.TASK_ADDED, task_added: { task: task('2') } });
  portion([task('1', { state: TaskState.TASK_RUNNING })]);
  told(cluster, updated('1', TaskState.TASK_FAILED, 40));
  // Of an earlier task that had the same id.
  portion([task('2', { state: TaskState.TASK_FINISHED })]);
  expect(cluster.isWhole).toBe(false);
  portion([], true);
  expect(cluster.isWhole).toBe(true);
  // Nothing forbids a master to say it again.
  portion([], true);
  expect([...cluster.tasks()].map(({ id, state }) => [id, state])).toEqual([
    ['2', TaskState.TASK_STAGING],
    ['1', TaskState.TASK_FAILED],
  ]);
  expect(cluster.sums.live).toBe(1);
});

test('agents and frameworks go, and their tasks stay', () => {
  const cluster = subscribed([task('1')]);
  told(cluster, {
    type: MasterEvent_Type.AGENT_REMOVED,
    agent_removed: { agent_id: { value: 'S' } },
  });
  told(cluster, {
    type: MasterEvent_Type.FRAMEWORK_REMOVED,
    framework_removed: { framework_info: framework('F').framework_info },
  });
  expect(cluster.agents.has('S')).toBe(false);
  expect(cluster.frameworks.get('F')).toMatchObject({ isCompleted: true, active: false });
  expect(cluster.task('F', '1')).toBeDefined();
  told(cluster, { type: MasterEvent_Type.AGENT_ADDED, agent_added: { agent: agent('S') } });
  expect(cluster.use('S').tasks.size).toBe(1);
});

test('agents and frameworks are as the last event has them', () => {
  const cluster = subscribed([task('1')]);
  const drained = { ...agent('S'), active: false, deactivated: true };
  told(cluster, {
    type: MasterEvent_Type.AGENT_UPDATED,
    agent_updated: {
      agent: { ...drained, drain_info: { state: DrainState.DRAINING, config: {} } },
    },
  });
  expect(cluster.agents.get('S')).toMatchObject({
    active: false,
    deactivated: true,
    drainState: 1,
  });
  expect(cluster.use('S').sums.live).toBe(1);
  const updated = (suppressed_roles: string[]) =>
    told(cluster, {
      type: MasterEvent_Type.FRAMEWORK_UPDATED,
      framework_updated: { framework: { ...framework('F'), active: false, suppressed_roles } },
    });
  updated(['web']);
  expect(cluster.frameworks.get('F')).toMatchObject({ active: false, suppressedRoles: ['web'] });
  updated([]);
  expect(cluster.frameworks.get('F')?.suppressedRoles).toEqual([]);
});

test('ended tasks and gone frameworks are forgotten from the oldest on', () => {
  const ended = { state: TaskState.TASK_FINISHED };
  const cluster = subscribed([task('live')]);
  for (let index = 0; index < 50_010; index++) {
    const one = task(`${index}`, ended);
    told(cluster, { type: MasterEvent_Type.TASK_ADDED, task_added: { task: one } });
  }
  expect([...cluster.tasks()]).toHaveLength(50_001);
  expect(cluster.task('F', '9')).toBeUndefined();
  expect(cluster.task('F', '10')).toBeDefined();
  for (let index = 0; index < 1010; index++) {
    const { framework_info } = framework(`gone ${index}`);
    told(cluster, {
      type: MasterEvent_Type.FRAMEWORK_REMOVED,
      framework_removed: { framework_info },
    });
  }
  expect(cluster.frameworks.has('gone 9')).toBe(false);
  expect(cluster.frameworks.has('gone 10')).toBe(true);
});

test('bytes that are no event are refused, and nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const cluster = subscribed([task('1')]);
      try {
        for (const _ of cluster.take(bytes)) {
          // Others would have their turn here.
        }
      } catch (error) {
        expect((error as Error).name).toBe('WireError');
      }
    }),
  );
});

test('a list that follows changes is the list that would be made anew', () => {
  const states = [TaskState.TASK_RUNNING, TaskState.TASK_FAILED, TaskState.TASK_STAGING];
  const query = {
    passes: ({ state }: { state: TaskState }) => state !== TaskState.TASK_FAILED,
    compare: (left: { changedMs: number }, right: { changedMs: number }) =>
      right.changedMs - left.changedMs,
  };
  const step = fc.tuple(fc.nat(20), fc.constantFrom(...states), fc.nat(5));
  fc.assert(
    fc.property(fc.array(fc.array(step), { maxLength: 6 }), (rounds) => {
      const cluster = subscribed(['1', '2', '3'].map((id) => task(id)));
      const list = new TaskList(cluster.tasks(), query);
      cluster.takeChanges();
      for (const round of rounds) {
        for (const [id, state, timestamp] of round) {
          if (cluster.task('F', `${id}`) === undefined || timestamp === 0) {
            const added = { task: task(`${id}`, { state }) };
            told(cluster, { type: MasterEvent_Type.TASK_ADDED, task_added: added });
          } else {
            told(cluster, updated(`${id}`, state, timestamp));
          }
        }
        list.update(cluster.takeChanges());
        const anew = new TaskList(cluster.tasks(), query);
        expect(list.rows.map(({ id }) => id)).toEqual(anew.rows.map(({ id }) => id));
      }
    }),
  );
});

test('texts are ordered by their code units', () => {
  expect(['b', 'a', 'B', 'a'].toSorted(byText)).toEqual(['B', 'a', 'a', 'b']);
});
