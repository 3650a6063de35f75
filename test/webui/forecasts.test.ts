// What would come of a change, as lines of before and after.
import { expect, test } from 'vitest';
import {
  clusterLines,
  FORCED,
  type Forecast,
  forecastWarnings,
  roomWords,
  shareLines,
} from '../../src/webui/words/forecasts.ts';

const of = (cpus: number) => ({ cpus: { value: cpus } });
const outlook = { agents: 2, settled: true, paused: false };
const gone = { framework_id: { value: 'F-1' }, role: 'web' };

const FORECAST: Forecast = {
  before: {
    ...outlook,
    capacity: { ...of(8), mem: { value: 2048 } },
    roles: [{ role: 'web', weight: 1, allocated: of(3) }],
    frameworks: [
      { ...gone, allocated: of(3) },
      { framework_id: { value: 'F-2' }, role: 'web', offered: of(1) },
    ],
  },
  after: {
    ...outlook,
    agents: 1,
    capacity: { ...of(4), mem: { value: 1024 } },
    frameworks: [{ framework_id: { value: 'F-2' }, role: 'web', offered: of(1) }],
    unmet_guarantees: [{ role: 'ads', resource: 'mem', guarantee: 2048, held: 512 }],
    uncovered: [{ resource: 'cpus', guaranteed: 6, capacity: 4 }],
    settled: false,
  },
};

test('the cluster is told whole, roles and frameworks where they have another share', () => {
  expect(clusterLines(FORECAST)).toMatchObject([
    { name: 'Agents', before: '2', after: '1', isOther: true },
    { name: 'CPUs in all', before: '8', after: '4', isOther: true },
    { name: 'CPUs allocated', before: '0', after: '0', isOther: false },
    { name: 'CPUs offered', isOther: false },
    { name: 'Memory in all', before: '2.0 GB', after: '1.0 GB' },
    { name: 'Memory allocated' },
    { name: 'Memory offered' },
  ]);
  expect(shareLines(FORECAST, (id) => `<${id}>`)).toEqual([
    { name: 'Role web: CPUs allocated', before: '3', after: '0', isOther: true },
    { name: '<F-1> as web: CPUs allocated', before: '3', after: '0', isOther: true },
  ]);
});

test('what goes wrong is said with figures', () => {
  expect(forecastWarnings(FORECAST, FORCED)).toEqual([
    'Role ads has 512.0 MB of 2.0 GB memory that it is guaranteed.',
    'Guarantees of 6 CPUs are more than the 4 that there are.',
    'There would be more offers than were counted here.',
  ]);
  expect(forecastWarnings({ before: FORECAST.before, after: FORECAST.before }, FORCED)).toEqual([]);
});

test('a quota that will be refused is told, and whether what ends has room elsewhere', () => {
  const { before } = FORECAST;
  const exceeded = [{ role: 'eng', resource: 'cpus', limit: 1, consumed: 2 }];
  expect(forecastWarnings({ before, after: before, exceeded }, FORCED)).toEqual([
    'Role eng uses 2 CPUs now, more than 1 at most: the master refuses this quota, unless' +
      ' “Even if …” is chosen with it.',
  ]);
  const cluster = (capacity: number, allocated: number) => ({
    ...outlook,
    ...{ capacity: of(capacity), allocated: of(allocated) },
  });
  expect(roomWords({ before: cluster(8, 3), after: cluster(4, 1) })).toBe(
    'They take 2 CPUs. On all other agents together there is room for that: free or reserved are 3 CPUs.',
  );
  expect(roomWords({ before: cluster(8, 3), after: cluster(2, 1) })).toMatch('no room for that');
  expect(roomWords({ before: cluster(8, 3), after: cluster(4, 3) })).toBeUndefined();
});
