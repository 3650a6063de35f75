// Reservations and volumes as they are chosen in a form.
import { expect, test } from 'vitest';
import {
  additionTo,
  amountTextOf,
  isResizable,
  labelsOf,
  partsOf,
  partsProblem,
  reserved,
  reservedGroups,
  reservedRoleProblem,
  volumeOn,
} from '../../src/webui/calls/reservations.ts';

const eng = { type: 'DYNAMIC', role: 'eng' };
const scalar = (name: string, value: number) => ({ name, type: 'SCALAR', scalar: { value } });
const disk = { ...scalar('disk', 500), reservations: [eng] };
const volume = {
  ...{ ...disk, scalar: { value: 100 } },
  disk: { persistence: { id: 'v' }, volume: { mode: 'RW', container_path: 'data' } },
};
const ports = {
  ...{ name: 'ports', type: 'RANGES' },
  ranges: {
    range: [
      { begin: 1, end: 5 },
      { begin: 8, end: 8 },
    ],
  },
};

test('what is reserved alike comes together, with what is used and offered of it', () => {
  const groups = reservedGroups({
    unreserved_resources_full: [{ ...scalar('cpus', 4), role: '*' } as never, ports],
    // As the master writes both forms of a reservation.
    reserved_resources_full: { eng: [{ role: 'eng', reservation: {}, ...disk } as never, volume] },
    used_resources_full: [
      { ...scalar('cpus', 0.5), allocation_info: { role: 'web' } } as never,
      { ...volume, allocation_info: { role: 'eng' } } as never,
    ],
    offered_resources_full: [{ ...scalar('cpus', 3.5), allocation_info: { role: 'web' } } as never],
  });
  expect(groups.map(({ reservations }) => reservations)).toEqual([[], [eng]]);
  const [free, held] = groups;
  expect(free?.holdings.map(({ used, offered }) => [used.length, offered.length])).toEqual([
    [1, 1],
    [0, 0],
  ]);
  expect(held?.holdings.map(({ resource, used }) => [resource, used.length])).toEqual([
    [disk, 0],
    [volume, 1],
  ]);
  expect(reservedGroups({})).toEqual([]);
});

test('a part is what was typed, and all of it goes as it came', () => {
  const resources = [scalar('cpus', 0.1), ports, { name: 'x', type: 'SET', set: { item: ['a'] } }];
  expect(resources.map(amountTextOf)).toEqual(['0.1', '1-5, 8', 'a']);
  expect(partsOf(resources, { 'amount-0': '0.1', 'amount-1': ' 1-5, 8 ' })).toEqual([
    resources[0],
    resources[1],
  ]);
  expect(partsOf(resources, { 'amount-1': '2-3,5', 'amount-2': 'b, c' })).toEqual([
    {
      ...ports,
      ranges: {
        range: [
          { begin: 2, end: 3 },
          { begin: 5, end: 5 },
        ],
      },
    },
    { name: 'x', type: 'SET', set: { item: ['b', 'c'] } },
  ]);
  expect(partsProblem(resources, { 'amount-0': '0.05' })).toBeUndefined();
  expect(partsProblem(resources, { role: 'eng' })).toBe('Say how much.');
  expect(partsProblem(resources, { 'amount-0': '1.0001' })).toMatch('three decimals');
  expect(partsProblem(resources, { 'amount-1': '1-' })).toMatch('no ranges');
});

test('a reservation is put on those that there are', () => {
  const labels = ' team=a=b\n\nlone ';
  expect(labelsOf(labels)).toEqual({ labels: [{ key: 'team', value: 'a=b' }, { key: 'lone' }] });
  expect(labelsOf(' \n')).toBeUndefined();
  expect(reserved(disk, { role: 'eng/web', principal: 'ada', labels }).reservations).toEqual([
    eng,
    { type: 'DYNAMIC', role: 'eng/web', principal: 'ada', labels: labelsOf(labels) },
  ]);
  expect(
    reserved(scalar('cpus', 1), { role: 'a', principal: undefined, labels: '' }).reservations,
  ).toEqual([{ type: 'DYNAMIC', role: 'a' }]);
  expect(reservedRoleProblem('eng/web', [eng])).toBeUndefined();
  expect(reservedRoleProblem('a', [])).toBeUndefined();
  expect(reservedRoleProblem('eng', [eng])).toMatch('only roles below it');
  expect(reservedRoleProblem('*', [])).toBe('Say for which role.');
  expect(reservedRoleProblem('a//b', [])).toMatch('two adjacent slashes');
});

test('a volume is made of a part of a disk, and grows by a part of the same', () => {
  const wanted = { id: 'v', size: '100', path: 'data', principal: undefined, isShared: false };
  expect(volumeOn(disk, wanted)).toEqual(volume);
  expect(additionTo(volume, '7')).toEqual({ ...disk, scalar: { value: 7 } });
  const mounted = { ...disk, disk: { source: { type: 'MOUNT' } } };
  const whole = volumeOn(mounted, { ...wanted, size: '500', principal: 'ada', isShared: true });
  expect(whole).toMatchObject({
    scalar: { value: 500 },
    disk: { source: { type: 'MOUNT' }, persistence: { id: 'v', principal: 'ada' } },
    shared: {},
  });
  expect(additionTo(whole, '1').disk).toEqual({ source: { type: 'MOUNT' } });
  const agent = { capabilities: ['RESIZE_VOLUME'] };
  expect(isResizable(volume, agent)).toBe(true);
  expect(isResizable(volume, {})).toBe(false);
  expect(isResizable({ ...volume, shared: {} }, agent)).toBe(false);
  expect(isResizable(volumeOn(mounted, wanted), agent)).toBe(false);
});
