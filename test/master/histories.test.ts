// Histories of completed and unreachable tasks have a bound in bytes, besides that in number.
import { expect, test } from 'vitest';
import { BoundedList, BoundedMap } from '../../src/master/bounded-map.ts';
import { RecentMap } from '../../src/master/recent-map.ts';
import { ByteBudget } from '../../src/model/byte-budget.ts';
import { MasterCall_Type, TaskState } from '../../src/model/generated/messages.ts';
import { cluster } from './harness.ts';

const weight = (limit: number) => ({
  budget: new ByteBudget(limit),
  sizeOf: (text: string) => text.length,
});

test('the history that has most forgets its oldest entries, and no other does', () => {
  const shared = weight(10);
  const small = new BoundedList(100, shared);
  const large = new BoundedList(100, shared);
  small.push('a');
  for (const text of ['bbb', 'ccc', 'ddd', 'eee']) {
    large.push(text);
  }
  expect([...small]).toEqual(['a']);
  expect([...large]).toEqual(['ccc', 'ddd', 'eee']);
  large.remove((text) => text === 'ddd');
  small.push('fff');
  expect([...small, ...large]).toEqual(['a', 'fff', 'ccc', 'eee']);
});

test('an entry that is larger than all that there is room for is not kept', () => {
  const list = new BoundedList(100, weight(10));
  list.push('a'.repeat(11));
  expect(list.size).toBe(0);
  list.push('b'.repeat(10));
  expect(list.size).toBe(1);
});

test('a map gives back what it forgets, loses and replaces', () => {
  const shared = weight(10);
  const forgotten: string[] = [];
  const map = new BoundedMap<number, string>(2, {
    weight: shared,
    forgotten: (text) => forgotten.push(text),
  });
  map.set(1, 'aaa').set(2, 'bbb').set(3, 'ccc').set(3, 'dddddd');
  expect([...map.values()]).toEqual(['bbb', 'dddddd']);
  map.set(2, 'eeeee');
  expect([...map.values()]).toEqual(['dddddd']);
  map.clear();
  const list = new BoundedList(100, shared);
  list.push('f'.repeat(10));
  expect(list.size).toBe(1);
  expect(forgotten).toEqual(['aaa', 'eeeee']);
});

test('large tasks that have ended take no more of the master than the bound', () => {
  const { world, framework, agent } = cluster();
  const labels = { labels: [{ key: 'k', value: 'x'.repeat(1_000_000) }] };
  for (let count = 0; count < 100; count++) {
    world.allocate();
    const task = `t${count}`;
    framework.launch(framework.offer(), { task_id: { value: task }, labels });
    const uuid = agent.update(framework, task, TaskState.TASK_FINISHED);
    framework.acknowledge(agent, task, uuid);
  }
  const { get_tasks } = world.read({ type: MasterCall_Type.GET_TASKS });
  const kept = (get_tasks?.completed_tasks ?? []).map((it) => it.task_id.value);
  expect(kept).toHaveLength(67);
  expect(kept.at(-1)).toBe('t99');
});

test('of recent entries the last half of the limit are there, and never more than the limit', () => {
  const recent = new RecentMap<number, string>(10);
  for (let key = 1; key <= 1_000; key++) {
    recent.set(key, `v${key}`);
    const kept = Array.from({ length: key }, (_, index) => index + 1).filter(
      (at) => recent.get(at) === `v${at}`,
    );
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => key - kept.length + 1 + i));
    expect(kept.length).toBeGreaterThanOrEqual(Math.min(key, 5));
    expect(kept.length).toBeLessThanOrEqual(10);
  }
});
