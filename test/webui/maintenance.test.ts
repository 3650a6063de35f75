// Maintenance as the page reads it from the master's answers.
import { expect, test } from 'vitest';
import {
  chosenOfWindow,
  localText,
  readSchedule,
  windowOf,
  windowProblem,
  withoutWindow,
  withWindow,
} from '../../src/webui/calls/maintenance.ts';
import { machineRows, spanOf, ticksOf, windowRows } from '../../src/webui/store/maintenance.ts';

const HOUR_MS = 3_600_000;

const window = (hostname: string, startMs: number, lengthMs?: number) => ({
  machine_ids: [{ hostname }, { ip: '10.0.0.1' }, { hostname, ip: '10.0.0.2' }],
  unavailability: {
    start: { nanoseconds: String(startMs * 1e6) },
    ...(lengthMs !== undefined && { duration: { nanoseconds: String(lengthMs * 1e6) } }),
  },
});

test('windows come in the order in which they begin, some without an end', () => {
  const windows = windowRows({ windows: [window('b', 5000), window('a', 1000, 500)] });
  expect(windows).toEqual([
    { index: 1, machines: ['a', '10.0.0.1', 'a (10.0.0.2)'], startMs: 1000, endMs: 1500 },
    { index: 0, machines: ['b', '10.0.0.1', 'b (10.0.0.2)'], startMs: 5000, endMs: undefined },
  ]);
  expect(windowRows({})).toEqual([]);
});

test('machines say how they are, and what frameworks have answered', () => {
  const windows = windowRows({ windows: [window('a', 1000, 500)] });
  const statuses = [{ status: 'ACCEPT' }, { status: 'DECLINE' }, { status: 'ACCEPT' }];
  const status = {
    draining_machines: [{ id: { hostname: 'b' }, statuses }],
    down_machines: [{ hostname: 'a' }],
  };
  expect(machineRows({ status }, windows)).toEqual([
    {
      ...{ id: { hostname: 'a' }, name: 'a', mode: 'down', window: windows[0] },
      ...{ accepted: 0, declined: 0 },
    },
    {
      ...{ id: { hostname: 'b' }, name: 'b', mode: 'draining', window: undefined },
      ...{ accepted: 2, declined: 1 },
    },
  ]);
});

test('a line of time has all windows and the present', () => {
  const past = windowRows({ windows: [window('a', 1000, 500)] });
  expect(spanOf(past, 2000)).toEqual({ fromMs: 1000, toMs: 2000 + HOUR_MS / 4 });
  const open = windowRows({ windows: [window('a', 40 * HOUR_MS)] });
  expect(spanOf(open, HOUR_MS)).toEqual({ fromMs: HOUR_MS, toMs: 43 * HOUR_MS });
});

const EXACT = '1800000000000000001';
const JSON_TEXT = `{"type":"GET_MAINTENANCE_SCHEDULE","get_maintenance_schedule":{"schedule":{"windows":[
  {"machine_ids":[{"hostname":"\\"nanoseconds\\":7"}],"unavailability":{"start":{"nanoseconds":${EXACT}}}},
  {"machine_ids":[{"ip":"10.0.0.2"}],"unavailability":
    {"start":{"nanoseconds":5},"duration":{"nanoseconds":7200000000001}}}]}}}`;

test('what nobody has touched goes back to the last digit', () => {
  const schedule = readSchedule(JSON_TEXT);
  const [first, second] = schedule.windows ?? [];
  expect(first?.machine_ids).toEqual([{ hostname: '"nanoseconds":7' }]);
  expect(first?.unavailability).toEqual({ start: { nanoseconds: EXACT } });
  if (first === undefined || second === undefined) {
    throw new Error('no windows');
  }
  expect(windowOf(chosenOfWindow(first), first)).toEqual(first);
  expect(windowOf(chosenOfWindow(second), second)).toEqual(second);
  expect(chosenOfWindow(second).hours).toBe('2');
  // Of what is changed, only that.
  const longer = windowOf({ ...chosenOfWindow(second), hours: '2.5' }, second);
  expect(longer.unavailability).toEqual({
    start: { nanoseconds: '5' },
    duration: { nanoseconds: '9000000000000' },
  });
  expect(withWindow(schedule, longer, 1).windows).toEqual([first, longer]);
  expect(withWindow(schedule, longer).windows).toEqual([first, second, longer]);
  expect(withoutWindow(schedule, 0).windows).toEqual([second]);
  expect(readSchedule('{"type":"GET_MAINTENANCE_SCHEDULE"}')).toEqual({});
});

test('a window has machines, a beginning in local time, and perhaps an end', () => {
  const start = localText(Date.UTC(2030, 0, 2, 3, 4));
  const chosen = { machines: '[{"hostname":"a"}]', start, hours: '' };
  expect(windowProblem(chosen)).toBeUndefined();
  expect(windowOf(chosen)).toEqual({
    machine_ids: [{ hostname: 'a' }],
    unavailability: { start: { nanoseconds: `${Date.UTC(2030, 0, 2, 3, 4)}000000` } },
  });
  expect(windowOf({ ...chosen, hours: '.5' }).unavailability.duration).toEqual({
    nanoseconds: '1800000000000',
  });
  expect(windowProblem({ ...chosen, machines: '[]' })).toBe('Choose the machines.');
  expect(windowProblem({ ...chosen, start: '' })).toBe('Say when it begins.');
  for (const hours of ['-1', 'x', '1e9', '0.0001', '.']) {
    expect(windowProblem({ ...chosen, hours }), hours).toBeDefined();
  }
});

test('a line of time has names for moments from its beginning to its end', () => {
  expect(ticksOf({ fromMs: 0, toMs: 300 }, 4)).toEqual([0, 100, 200, 300]);
  expect(ticksOf({ fromMs: 5, toMs: 9 }, 1)).toEqual([5]);
});
