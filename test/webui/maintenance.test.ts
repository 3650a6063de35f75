// Maintenance as the page reads it from the master's answers.
import { expect, test } from 'vitest';
import { machineRows, spanOf, windowRows } from '../../src/webui/store/maintenance.ts';

const HOUR_MS = 3_600_000;

const window = (hostname: string, startMs: number, lengthMs?: number) => ({
  machine_ids: [{ hostname }, { ip: '10.0.0.1' }, { hostname, ip: '10.0.0.2' }],
  unavailability: {
    start: { nanoseconds: startMs * 1e6 },
    ...(lengthMs !== undefined && { duration: { nanoseconds: lengthMs * 1e6 } }),
  },
});

test('windows come in the order in which they begin, some without an end', () => {
  const windows = windowRows({
    schedule: { windows: [window('b', 5000), window('a', 1000, 500)] },
  });
  expect(windows).toEqual([
    { machines: ['a', '10.0.0.1', 'a (10.0.0.2)'], startMs: 1000, endMs: 1500 },
    { machines: ['b', '10.0.0.1', 'b (10.0.0.2)'], startMs: 5000, endMs: undefined },
  ]);
  expect(windowRows({})).toEqual([]);
});

test('machines say how they are, and what frameworks have answered', () => {
  const windows = windowRows({ schedule: { windows: [window('a', 1000, 500)] } });
  const statuses = [{ status: 'ACCEPT' }, { status: 'DECLINE' }, { status: 'ACCEPT' }];
  const status = {
    draining_machines: [{ id: { hostname: 'b' }, statuses }],
    down_machines: [{ hostname: 'a' }],
  };
  expect(machineRows({ status }, windows)).toEqual([
    { name: 'a', mode: 'down', window: windows[0], accepted: 0, declined: 0 },
    { name: 'b', mode: 'draining', window: undefined, accepted: 2, declined: 1 },
  ]);
});

test('a line of time has all windows and the present', () => {
  const past = windowRows({ schedule: { windows: [window('a', 1000, 500)] } });
  expect(spanOf(past, 2000)).toEqual({ fromMs: 1000, toMs: 2000 + HOUR_MS / 4 });
  const open = windowRows({ schedule: { windows: [window('a', 40 * HOUR_MS)] } });
  expect(spanOf(open, HOUR_MS)).toEqual({ fromMs: HOUR_MS, toMs: 43 * HOUR_MS });
});
