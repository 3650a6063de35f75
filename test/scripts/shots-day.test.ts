// The made-up half day in pictures of the page: it is a history as the master tells one, and ends
// with what the site really has.
import { expect, test } from 'vitest';
import { halfADay } from '../../scripts/shots-day.ts';
import { TaskState } from '../../src/model/generated/messages.ts';

interface Day {
  readonly seconds: readonly number[];
  readonly resources: readonly (Readonly<Record<string, readonly number[]>> & {
    readonly name: string;
  })[];
  readonly tasks: readonly {
    readonly state: string;
    readonly ended: boolean;
    readonly count: readonly number[];
  }[];
}

const day = halfADay(1_700_000_000_000, {
  'master/cpus_total': 64,
  'master/cpus_used': 40,
  'master/mem_total': 1024,
  'master/mem_used': 512,
  'master/tasks_running': 30,
}) as Day;

test('each list has a value for each minute, up to now', () => {
  const lists = [
    ...day.resources.flatMap(({ name: _, ...amounts }) => Object.values(amounts)),
    ...day.tasks.map(({ count }) => count),
  ];
  expect(new Set(lists.map(({ length }) => length))).toEqual(new Set([day.seconds.length]));
  expect(day.seconds.at(-1)).toBe(1_700_000_000);
  expect(day.seconds.every((second, at) => second === (day.seconds[0] ?? 0) + 60 * at)).toBe(true);
});

test('it ends with what the metrics say, and never has more than there is', () => {
  const [cpus, mem] = day.resources;
  expect(cpus?.allocated?.at(-1)).toBe(40);
  expect(mem?.allocated?.at(-1)).toBe(512);
  expect(day.tasks[0]?.count.at(-1)).toBe(30);
  for (const { allocated = [], total = [] } of [cpus, mem].flatMap((each) => each ?? [])) {
    expect(allocated.every((each, at) => each >= 0 && each <= (total[at] ?? 0))).toBe(true);
  }
});

test('states are those of tasks, and counts whole numbers', () => {
  expect(day.tasks.filter(({ state }) => !(state in TaskState))).toEqual([]);
  expect(day.tasks.map(({ ended }) => ended)).toEqual([false, true, true]);
  const counts = day.tasks.flatMap(({ count }) => count);
  expect(counts.every((each) => Number.isInteger(each) && each >= 0)).toBe(true);
});
