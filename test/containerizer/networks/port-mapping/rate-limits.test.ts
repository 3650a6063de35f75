// How fast containers may send and receive.
import { expect, test } from 'vitest';
import { rateLimit } from '../../../../src/containerizer/networks/port-mapping/rate-limits.ts';

test.each([
  ['no limit', {}, 4, undefined],
  ['bounds alone', { minimumBytes: 1, maximumBytes: 2, ceilBytes: 3 }, 4, undefined],
  ['a rate for all', { perContainerBytes: 500_000 }, 4, { rateBytes: 500_000 }],
  ['one below the least', { perContainerBytes: 1 }, 4, { rateBytes: 125_000 }],
  ['another least', { perContainerBytes: 1, minimumBytes: 10 }, 4, { rateBytes: 10 }],
  ['a rate for each CPU', { perCpuBytes: 200_000 }, 3.9, { rateBytes: 600_000 }],
  ['less than a CPU', { perCpuBytes: 200_000 }, 0.5, { rateBytes: 125_000 }],
  ['at most', { perCpuBytes: 200_000, maximumBytes: 300_000 }, 4, { rateBytes: 300_000 }],
  [
    'more for a while',
    { perContainerBytes: 200_000, ceilBytes: 400_000, burstBytes: 9_000 },
    1,
    { rateBytes: 200_000, ceilBytes: 400_000, burstBytes: 9_000 },
  ],
  [
    'no more for a while than ever',
    { perContainerBytes: 200_000, ceilBytes: 200_000, burstBytes: 9_000 },
    1,
    { rateBytes: 200_000 },
  ],
])('%s', (_, rates, cpus, limit) => {
  expect(rateLimit(rates, cpus)).toEqual(limit);
});
