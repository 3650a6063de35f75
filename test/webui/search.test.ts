// The search over everything that the page's store has.
import { expect, test } from 'vitest';
import { TaskState } from '../../src/model/generated/messages.ts';
import { Cluster } from '../../src/webui/store/cluster.ts';
import { AgentRow, FrameworkRow, TaskRow } from '../../src/webui/store/rows.ts';
import { search } from '../../src/webui/store/search.ts';

const NOTHING = { bytes: new Uint8Array(), start: 0, end: 0 };

function framework(cluster: Cluster, id: string, name: string, roles: string[]): FrameworkRow {
  const row = Object.assign(new FrameworkRow(), { id, name, roles });
  cluster.frameworks.set(id, row);
  return row;
}

function task({ tasks, id: frameworkId }: FrameworkRow, fields: Partial<TaskRow>): void {
  const row = new TaskRow(NOTHING, [0, 0, 0, 0]);
  Object.assign(row, { state: TaskState.TASK_RUNNING, frameworkId, role: 'eng/web', ...fields });
  tasks.set(row.id, row);
}

function found(cluster: Cluster, text: string) {
  const steps = search(cluster, text);
  let count = 0;
  for (let step = steps.next(); ; step = steps.next(), count++) {
    if (step.done) {
      return { groups: step.value, steps: count };
    }
  }
}

function filled(): Cluster {
  const cluster = new Cluster();
  const marathon = framework(cluster, 'F-0', 'marathon', ['eng/web']);
  framework(cluster, 'F-1', 'spark', ['ml']);
  cluster.agents.set(
    'S-0',
    Object.assign(new AgentRow(), { id: 'S-0', hostname: 'web7.example', port: 5051 }),
  );
  task(marathon, { id: 'a-1', name: 'web-frontend', changedMs: 5 });
  task(marathon, { id: 'a-2', name: 'Web', changedMs: 1 });
  task(marathon, { id: 'a-3', name: 'old-web', changedMs: 9, state: TaskState.TASK_FAILED });
  return cluster;
}

test('tasks, frameworks, agents and roles are found, the best and newest first', () => {
  const { groups } = found(filled(), 'web');
  const texts = groups.map(({ kind, found: lines }) => [kind, ...lines.map(({ name }) => name)]);
  expect(texts).toEqual([
    // The whole of a name before the beginning of one, and that before what is within.
    ['task', 'Web', 'web-frontend', 'old-web'],
    ['agent', 'web7.example'],
    ['role', 'eng/web'],
  ]);
  expect(found(filled(), 'F-1').groups).toMatchObject([{ kind: 'framework', count: 1 }]);
});

test('all words must be there, and no words find nothing', () => {
  expect(found(filled(), 'frontend a-1').groups).toMatchObject([
    { kind: 'task', count: 1, found: [{ id: 'a-1', frameworkId: 'F-0' }] },
  ]);
  expect(found(filled(), 'frontend a-2').groups).toEqual([]);
  expect(found(filled(), '  ').groups).toEqual([]);
});

test('agents are found by their attributes, and tasks by their labels', () => {
  const cluster = filled();
  const [agent] = cluster.agents.values();
  Object.assign(agent ?? {}, { attributes: [{ name: 'rack', text: 'r7' }] });
  const owner = cluster.frameworks.get('F-1') as FrameworkRow;
  task(owner, { id: 'b-1', name: 'train', labels: ['tier:R7'] });
  expect(found(cluster, 'r7').groups).toMatchObject([
    { kind: 'agent', found: [{ id: 'S-0' }] },
    { kind: 'task', found: [{ id: 'b-1' }] },
  ]);
});

test('of many a few are told, the newest, and the rest is counted in steps', () => {
  const cluster = new Cluster();
  const owner = framework(cluster, 'F', 'batch', ['eng']);
  for (let index = 0; index < 10_000; index++) {
    task(owner, { id: `job-${index}`, name: `job-${index}`, changedMs: (index * 7919) % 10_007 });
  }
  const { groups, steps } = found(cluster, 'JOB');
  expect(steps).toBeGreaterThan(10);
  const [group] = groups;
  expect(group).toMatchObject({ kind: 'task', count: 10_000 });
  const times = group?.found.map(({ atMs }) => atMs) ?? [];
  const all = Array.from({ length: 10_000 }, (_, index) => (index * 7919) % 10_007);
  expect(times).toEqual(all.sort((left, right) => right - left).slice(0, times.length));
});
