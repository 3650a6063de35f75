// --max_executors_per_agent: of an agent with so many executors, no more is offered.
import { expect, test } from 'vitest';
import { TaskState } from '../../src/model/generated/messages.ts';
import { cluster, resources } from './harness.ts';

const executor = { executor_id: { value: 'executor' }, command: { value: 'run' } };
const ofExecutor = (task: string) => ({
  task_id: { value: task },
  executor: { ...executor, resources: resources('cpus:0.1') },
});

test.each([
  ['tasks without executors of their own', ['one', 'two'], 0],
  ['a task without one, and an executor', [ofExecutor('one'), 'two'], 0],
  ['two tasks of one executor, which count once', [ofExecutor('one'), ofExecutor('two')], 1],
])('of an agent with %s', (_, tasks, offers) => {
  const { world, framework } = cluster({ maxExecutorsPerAgent: 2 });
  framework.launch(framework.offer(), ...tasks);
  world.allocate();
  expect(framework.offers().length - 1).toBe(offers);
});

test('more is offered when one of them has ended', () => {
  const { world, agent, framework } = cluster({ maxExecutorsPerAgent: 1 });
  framework.launch(framework.offer(), 'one');
  world.allocate();
  expect(framework.offers()).toHaveLength(1);
  const uuid = agent.update(framework, 'one', TaskState.TASK_FINISHED);
  framework.acknowledge(agent, 'one', uuid);
  // What was granted meanwhile is refused for five seconds.
  world.advance(6_000);
  expect(framework.offers()).toHaveLength(2);
});
