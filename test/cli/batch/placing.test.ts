// Batches with constraints, placed by the real matcher: over several rounds of offers, after an
// interruption, and the explanation when nothing fits.
import { beforeAll, describe, expect, test } from 'vitest';
import type { AgentPlace } from '../../../src/cli/batch/agents.ts';
import { type Attempt, Batch } from '../../../src/cli/batch/batch.ts';
import { parseConstraints } from '../../../src/cli/batch/constraints.ts';
import { readTaskFile } from '../../../src/cli/batch/task-file.ts';
import type { ResourceAlgebra } from '../../../src/core/interface.ts';
import type { Matcher } from '../../../src/core/matcher.ts';
import { parseAttributes } from '../../../src/model/attribute-text.ts';
import { type Offer, TaskState } from '../../../src/model/generated/messages.ts';
import { parseResources } from '../../../src/model/resource-text.ts';
import { loadCore } from '../../core/load.ts';

let matcher: Matcher;
let algebra: ResourceAlgebra;
beforeAll(async () => {
  ({ matcher, algebra } = await loadCore());
});

let offers = 0;
const offer = (agent: string, attributes = '', resources = 'cpus:4;mem:1024'): Offer => ({
  id: { value: `o${offers++}` },
  framework_id: { value: 'f' },
  agent_id: { value: agent },
  hostname: `host-of-${agent}`,
  resources: parseResources(resources),
  attributes: parseAttributes(attributes),
  allocation_info: { role: '*' },
});

interface Earlier {
  readonly attempts: readonly Attempt[];
  readonly agents: readonly AgentPlace[];
}

function batchOf(tasks: readonly object[], all = '', earlier?: Earlier): Batch {
  return new Batch({
    tasks: readTaskFile(
      tasks.map((task) => JSON.stringify({ command: 'true', ...task })).join('\n'),
      {
        cpus: 1,
        mem: 32,
        role: '*',
        retries: 0,
        constraints: all === '' ? [] : parseConstraints(all),
      },
    ),
    place: (request) => matcher.match({ ...request, fitness: { type: 'spread' } }),
    quantities: (resources) => algebra.quantities(resources),
    maxRunning: 1000,
    settled: new Map(),
    attempts: earlier?.attempts ?? [],
    agents: earlier?.agents ?? [],
    failures: new Map(),
  });
}

const many = (count: number, task: object = {}) => Array.from({ length: count }, () => task);
const placesOf = ({ attempts }: { attempts: readonly Attempt[] }) =>
  attempts.map(({ agentId }) => agentId);

function end(batch: Batch, attempt: Attempt | undefined): void {
  const meaning = batch.updated({
    task_id: { value: attempt?.taskId ?? '' },
    state: TaskState.TASK_FINISHED,
  });
  if (meaning.type === 'ended') {
    batch.settle(meaning);
  }
}

test('tasks run only where their constraints let them, those of all tasks besides', () => {
  const batch = batchOf(
    [{ constraints: [['rack', 'LIKE', 'r[12]']] }, { constraints: 'rack:UNLIKE:r[12]' }, {}],
    'zone:IS:a',
  );
  const agents = [
    offer('other-zone', 'rack:r1;zone:b'),
    offer('r3', 'rack:r3;zone:a'),
    offer('r2', 'rack:r2;zone:a'),
  ];
  expect(placesOf(batch.offered(agents)).slice(0, 2)).toEqual(['r2', 'r3']);
  expect(batch.counts).toMatchObject({ waiting: 0, started: 3 });
});

describe('tasks that run already are counted', () => {
  test('UNIQUE holds over rounds of offers, until a task ends', () => {
    const batch = batchOf(many(3), 'hostname:UNIQUE');
    const [first] = batch.offered([offer('a')]).attempts;
    expect(placesOf(batch.offered([offer('a'), offer('b')]))).toEqual(['b']);
    expect(placesOf(batch.offered([offer('a'), offer('b')]))).toEqual([]);
    end(batch, first);
    expect(placesOf(batch.offered([offer('a'), offer('b')]))).toEqual(['a']);
  });

  test('a task whose output is still being fetched keeps no other task away', () => {
    const batch = batchOf(many(2), 'hostname:UNIQUE');
    const [first] = batch.offered([offer('a')]).attempts;
    batch.updated({
      task_id: { value: first?.taskId ?? '' },
      state: TaskState.TASK_FINISHED,
    });
    expect(placesOf(batch.offered([offer('a')]))).toEqual(['a']);
  });

  test('MAX_PER counts them', () => {
    const batch = batchOf(many(5), 'rack:MAX_PER:2');
    const agents = () => [offer('a', 'rack:r1'), offer('b', 'rack:r2')];
    expect(placesOf(batch.offered(agents().slice(0, 1)))).toEqual(['a', 'a']);
    expect(placesOf(batch.offered(agents()))).toEqual(['b', 'b']);
    expect(placesOf(batch.offered(agents()))).toEqual([]);
  });

  test('GROUP_BY evens out what earlier offers made uneven', () => {
    const batch = batchOf(many(8), 'rack:GROUP_BY');
    const small = 'cpus:2;mem:1024';
    expect(placesOf(batch.offered([offer('a', 'rack:r1', small)]))).toEqual(['a', 'a']);
    const second = placesOf(batch.offered([offer('b', 'rack:r1'), offer('c', 'rack:r2')]));
    expect(second.filter((agent) => agent === 'c')).toHaveLength(4);
    expect(second).toHaveLength(6);
  });

  test('only tasks with the same constraint count together', () => {
    const alone = { constraints: 'hostname:UNIQUE' };
    const batch = batchOf([{}, {}, alone, alone]);
    expect(placesOf(batch.offered([offer('a')]))).toEqual(['a', 'a', 'a']);
    expect(placesOf(batch.offered([offer('a')]))).toEqual([]);
  });

  test('so many that wait for one another do not keep those behind them from running', () => {
    const batch = batchOf([...many(6000, { constraints: 'hostname:UNIQUE' }), {}]);
    const [first] = batch.offered([offer('a')]).attempts;
    end(batch, first);
    const { attempts } = batch.offered([offer('a')]);
    expect(attempts.map(({ index }) => index)).toContain(6000);
  });

  test('by what is remembered of their agents, after an interruption', () => {
    const first = batchOf(many(2), 'rack:UNIQUE');
    const { attempts, agents } = first.offered([offer('a', 'rack:r1')]);
    expect(agents).toMatchObject([{ agentId: 'a', hostname: 'host-of-a' }]);
    expect(first.offered([offer('a', 'rack:r1')]).agents).toEqual([]);
    const again = batchOf(many(2), 'rack:UNIQUE', {
      attempts,
      agents: JSON.parse(JSON.stringify(agents)) as AgentPlace[],
    });
    expect(placesOf(again.offered([offer('b', 'rack:r1')]))).toEqual([]);
    const last = again.offered([offer('a', 'rack:r3'), offer('c', 'rack:r2')]);
    expect(placesOf(last)).toHaveLength(1);
    // The agent has come back with another rack.
    expect(last.agents.map(({ agentId }) => agentId)).toEqual(['a', 'c']);
  });
});

describe('the obstacle to a placement is known', () => {
  test.each([
    [
      'rack:LIKE:r[7-9]',
      "task 'task-1' asks for rack:LIKE:r[7-9], but the agents have no rack, rack=r1, rack=r2; 1 more wait",
    ],
    [
      'rack:IS:r1;zone:IS:b',
      "task 'task-1' asks for rack:IS:r1 and zone:IS:b, " +
        'but the agents have no rack no zone, rack=r1 zone=a, rack=r2 zone=b; 1 more wait',
    ],
    [
      'room:GROUP_BY',
      "task 'task-1' asks for room:GROUP_BY, but the agents have no room; 1 more wait",
    ],
    [
      'hostname:IS:here',
      "task 'task-1' asks for hostname:IS:here, but the agents have " +
        'hostname=host-of-a, hostname=host-of-b, hostname=host-of-c; 1 more wait',
    ],
  ])('%s', (constraints, obstacle) => {
    const batch = batchOf(many(2), constraints);
    // Agents that were offered before count too.
    batch.offered([offer('a', 'rack:r1;zone:a')]);
    batch.offered([offer('b', 'rack:r2;zone:b'), offer('c')]);
    expect(batch.obstacle).toBe(obstacle);
  });

  test('among the agents that its constraints allow, when none of them is big enough', () => {
    const batch = batchOf([{ cpus: 8 }], 'rack:IS:r1;hostname:UNIQUE');
    batch.offered([offer('a', 'rack:r1'), offer('b', 'rack:r2', 'cpus:16;mem:1024')]);
    expect(batch.obstacle).toBe(
      "task 'task-1' needs more cpus than any of them with rack:IS:r1 has (cpus: 8 needed, 4 there)",
    );
  });

  test.each([['rack:IS:r1'], ['rack:UNIQUE']])(
    '%s: agents that have it, but offer nothing any more',
    (constraint) => {
      const batch = batchOf([{ cpus: 4 }], constraint);
      batch.offered([offer('a', 'rack:r1', 'cpus:2;mem:1024')]);
      batch.offered([offer('b', 'zone:a')]);
      expect(batch.obstacle).toBe(
        `task 'task-1' asks for ${constraint}, and no agent that has it offers anything now`,
      );
    },
  );

  test('of many sorts of agents, only some are listed', () => {
    const batch = batchOf([{}], 'rack:IS:z');
    batch.offered(Array.from({ length: 9 }, (_, n) => offer(`a${n}`, `rack:r${n}`)));
    expect(batch.obstacle).toContain('rack=r3, rack=r4 and 4 more');
  });
});
