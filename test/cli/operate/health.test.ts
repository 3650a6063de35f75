import { expect, test } from 'vitest';
import { findings } from '../../../src/cli/operate/health/health.ts';

const WELL = {
  'master/elected': 1,
  'master/uptime_secs': 90,
  'master/slaves_connected': 3,
  'master/slaves_active': 2,
  'registrar/log/recovered': 1,
};

const unwell = (
  figures: Record<string, number>,
  { isHealthy = true, mayBeAway = 0, awaited = 0 } = {},
) =>
  findings({
    isHealthy,
    mayBeAway,
    awaited,
    address: 'h:5050',
    metrics: Object.entries({ ...WELL, ...figures }).map(([name, value]) => ({ name, value })),
  })
    .filter(({ isWell }) => !isWell)
    .map(({ about, says }) => `${about}: ${says}`);

test('all is well', () => {
  expect(unwell({})).toEqual([]);
});

test.each([
  [{ 'master/elected': 0 }, ['master: h:5050 does not lead']],
  [{ 'registrar/log/recovered': 0 }, ['registry: is not read yet']],
  [{ 'master/slaves_disconnected': 2 }, ['agents: 3 connected, 2 of them offered; 2 disconnected']],
  [{ 'master/slaves_unreachable': 1 }, ['unreachable: 1 agent']],
])('%j is not', (figures, told) => {
  expect(unwell(figures)).toEqual(told);
});

test('a master may say that it is not', () => {
  expect(unwell({}, { isHealthy: false })).toEqual(['master: h:5050 says that it is not healthy']);
});

test('agents that have not come back are away, and none at all is not well', () => {
  const nobody = { 'master/slaves_connected': 0, 'master/slaves_active': 0 };
  expect(unwell(nobody, { awaited: 2 })).toEqual([
    'agents: 0 connected, 0 of them offered; 2 not come back yet',
  ]);
  expect(unwell({}, { awaited: 1 })).toEqual([
    'agents: 3 connected, 2 of them offered; 1 not come back yet',
  ]);
  expect(unwell({}, { awaited: 1, mayBeAway: 1 })).toEqual([]);
  expect(unwell(nobody)).toEqual(['agents: 0 connected, 0 of them offered']);
});

test('so many agents may be away as are allowed, of both kinds together', () => {
  const away = { 'master/slaves_disconnected': 1, 'master/slaves_unreachable': 2 };
  expect(unwell(away, { mayBeAway: 3 })).toEqual([]);
  expect(unwell(away, { mayBeAway: 2 }).length).toBe(2);
});
