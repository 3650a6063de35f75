// What perf writes, of several versions, and what is no figure.
import { expect, test } from 'vitest';
import {
  figureOf,
  type PerfFigures,
  readPerfLine,
} from '../../../src/containerizer/perf/perf-output.ts';

function read(...lines: readonly string[]) {
  const figures: PerfFigures = {};
  const byCgroup = new Map([['mesos/c', figures]]);
  return { figures, read: lines.map((line) => readPerfLine(line, byCgroup)) };
}

test.each([
  ['cycles', 'cycles'],
  ['task-clock', 'task_clock'],
  ['LLC-load-misses', 'llc_load_misses'],
  ['L1-dcache-loads', 'l1_dcache_loads'],
  ['dTLB-loads', 'dtlb_loads'],
])('the event %s is the figure %s', (event, figure) => {
  expect(figureOf(event)).toBe(figure);
});

test.each(['', 'cs', 'duration', 'timestamp', 'toString', 'r1a8', 'cycles:u'])(
  "the event '%s' is no figure",
  (event) => {
    expect(figureOf(event)).toBeUndefined();
  },
);

test('a line has a number, perhaps its unit, the event and the cgroup, and perhaps more', () => {
  const lines = [
    '7,context-switches,mesos/c',
    '82,,page-faults,mesos/c',
    '1.78,msec,task-clock,mesos/c,35563900907873,100.00,0.002,CPUs utilized',
  ];
  expect(read(...lines)).toEqual({
    figures: { context_switches: 7, page_faults: 82, task_clock: 1.78 },
    read: [true, true, true],
  });
});

test('where nothing ran nothing was counted, and what cannot be counted is not there', () => {
  const lines = [
    '<not counted>,,page-faults,mesos/c,0,100.00,,',
    '<not supported>,,cycles,mesos/c,0,100.00,,',
  ];
  expect(read(...lines)).toEqual({ figures: { page_faults: 0 }, read: [true, true] });
});

test.each([
  '',
  'Error: no such thing',
  '7,,context-switches,mesos/other,1,100.00,,',
  '7,,cpu_core/cycles/,mesos/c,1,100.00,,',
  'many,,page-faults,mesos/c,1,100.00,,',
  '-1,,page-faults,mesos/c,1,100.00,,',
])('a line that says something else is not read: %s', (line) => {
  expect(read(line).read).toEqual([false]);
});
