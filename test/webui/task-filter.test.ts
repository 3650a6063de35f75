// The filters of tasks that a link can have.
import { expect, test } from 'vitest';
import { TaskState } from '../../src/model/generated/messages.ts';
import { Cluster } from '../../src/webui/store/cluster.ts';
import { AgentRow, FrameworkRow, TaskRow } from '../../src/webui/store/rows.ts';
import { noAmounts } from '../../src/webui/store/sums.ts';
import { type TaskFilter, taskFilter } from '../../src/webui/store/task-filter.ts';

const cluster = new Cluster();
cluster.agents.set('S1', Object.assign(new AgentRow(), { id: 'S1', hostname: 'Rack7.example' }));
cluster.frameworks.set('F1', Object.assign(new FrameworkRow(), { id: 'F1', name: 'Marathon' }));

const task = (fields: Partial<TaskRow>) =>
  Object.assign(new TaskRow({ bytes: new Uint8Array(), start: 0, end: 0 }, noAmounts()), {
    ...{ id: 'web.1', name: 'Web', frameworkId: 'F1', agentId: 'S1', executorId: 'E1' },
    ...{ role: 'eng/web', state: TaskState.TASK_RUNNING, labels: ['tier:front', 'on'] },
    ...fields,
  });

const passes = (filter: TaskFilter, fields: Partial<TaskRow> = {}) =>
  taskFilter(filter, cluster)(task(fields));

test('live is what has not ended, and what is shown without a filter', () => {
  expect(passes({})).toBe(true);
  expect(passes({}, { state: TaskState.TASK_UNREACHABLE })).toBe(true);
  expect(passes({}, { state: TaskState.TASK_LOST })).toBe(false);
  expect(passes({ state: 'all' }, { state: TaskState.TASK_LOST })).toBe(true);
  expect(passes({ state: 'TASK_LOST' }, { state: TaskState.TASK_LOST })).toBe(true);
  expect(passes({ state: 'TASK_LOST' })).toBe(false);
  expect(passes({ state: 'no such state' })).toBe(false);
});

test('ids and executors are the whole, roles also those below, labels also their keys', () => {
  expect(passes({ framework: 'F1', agent: 'S1', executor: 'E1' })).toBe(true);
  expect(passes({ framework: 'F' })).toBe(false);
  expect(passes({ agent: 'S2' })).toBe(false);
  expect(passes({ executor: 'E2' })).toBe(false);
  expect(['eng', 'eng/web', 'en', 'eng/web/x'].map((role) => passes({ role }))).toEqual([
    ...[true, true, false, false],
  ]);
  expect(['tier', 'tier:front', 'on', 'ti', 'x'].map((label) => passes({ label }))).toEqual([
    ...[true, true, true, false, false],
  ]);
  expect(passes({ label: 'tier' }, { labels: undefined })).toBe(false);
});

test('each word is somewhere: in a name, id, label, or in the name of agent or framework', () => {
  for (const q of ['web', 'WEB.1', 'front', 'rack7', 'marathon', ' web  rack7 ', '']) {
    expect(passes({ q })).toBe(true);
  }
  expect(passes({ q: 'web rack8' })).toBe(false);
});
