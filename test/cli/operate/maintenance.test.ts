import { expect, test } from 'vitest';
import { momentIn } from '../../../src/cli/operate/maintenance/moment.ts';
import {
  isSameSchedule,
  scheduledMachines,
  withoutMachines,
  withWindow,
} from '../../../src/cli/operate/maintenance/windows.ts';

const at = (nanoseconds: bigint) => ({ start: { nanoseconds } });
const a = { hostname: 'a', ip: '10.0.0.1' };
const b = { hostname: 'b', ip: '10.0.0.2' };
const c = { hostname: 'c' };
const two = { windows: [{ machine_ids: [a, b], unavailability: at(1n) }] };

test('a machine is in one window: the new one takes it from the old', () => {
  expect(withWindow(two, [b, c], at(2n))).toEqual({
    windows: [
      { machine_ids: [a], unavailability: at(1n) },
      { machine_ids: [b, c], unavailability: at(2n) },
    ],
  });
  expect(withWindow({}, [a], at(1n))).toEqual({
    windows: [{ machine_ids: [a], unavailability: at(1n) }],
  });
});

test('a window without machines is none, and host names are the same in any case', () => {
  expect(withoutMachines(two, [{ ...a, hostname: 'A' }, b])).toEqual({ windows: [] });
  expect(withoutMachines(two, [{ hostname: 'a' }, c])).toEqual(two);
});

test('schedules are the same that say the same of each machine', () => {
  const parted = {
    windows: [b, a].map((id) => ({ machine_ids: [id], unavailability: at(1n) })),
  };
  expect(isSameSchedule(two, parted)).toBe(true);
  expect(isSameSchedule({}, { windows: [] })).toBe(true);
  expect(isSameSchedule(two, withWindow(two, [b], at(2n)))).toBe(false);
  const ending = { ...at(1n), duration: { nanoseconds: 5n } };
  expect(isSameSchedule(two, { windows: [{ machine_ids: [a, b], unavailability: ending }] })).toBe(
    false,
  );
  expect(scheduledMachines(parted).map(({ id }) => id.hostname)).toEqual(['b', 'a']);
});

test('moments are times, of this machine or of a zone, or so far away', () => {
  const nowMs = Date.UTC(2027, 0, 1);
  expect(momentIn('from', 'now', nowMs)).toBe(nowMs);
  expect(momentIn('from', '2hrs', nowMs)).toBe(nowMs + 7_200_000);
  expect(momentIn('from', '2027-01-31T22:00Z', nowMs)).toBe(Date.UTC(2027, 0, 31, 22));
  expect(momentIn('from', '2027-01-31 22:00:05+01:00', nowMs)).toBe(
    Date.UTC(2027, 0, 31, 21, 0, 5),
  );
  expect(momentIn('from', '2027-01-31', nowMs)).toBe(new Date(2027, 0, 31).getTime());
  expect(momentIn('from', '2027-01-31T22:00', nowMs)).toBe(new Date(2027, 0, 31, 22).getTime());
});

test.each(['tomorrow', '2027-13-01', '2027-01-31T25:00Z', '22:00', '', '2027-01-31T22:00X'])(
  '%j is no moment',
  (text) => {
    expect(() => momentIn('from', text, 0)).toThrow(
      `--from expects now, a time such as 2027-01-31T22:00 or 2027-01-31T22:00Z, or how far away it is, such as 2hrs; got '${text}'`,
    );
  },
);
