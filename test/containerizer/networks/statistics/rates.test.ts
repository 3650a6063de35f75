import { expect, test } from 'vitest';
import type { LinkFigures } from '../../../../src/containerizer/networks/statistics/link-figures.ts';
import { Rates } from '../../../../src/containerizer/networks/statistics/rates.ts';

const figures = (receivedBytes: number, sentPackets = 0): LinkFigures => ({
  received: { bytes: receivedBytes, packets: 0, errors: 0, dropped: 0 },
  sent: { bytes: 0, packets: sentPackets, errors: 0, dropped: 0 },
});

const options = { intervalMs: 500, windowMs: 5_000 };
const EMPTY = { sampling_window_secs: 5, sampling_interval_secs: 0.5 };

test('a rate is what came between two looks, by the time between them', () => {
  const rates = new Rates(options);
  rates.add(0, figures(0));
  rates.add(500, figures(100, 1));
  // One rate alone says nothing.
  expect(rates.statistics()).toEqual(EMPTY);
  rates.add(1_000, figures(400, 4));
  // 100 bytes in half a second, and 300 in the next.
  expect(rates.statistics()).toEqual({
    ...EMPTY,
    rx_rate: {
      min: 200,
      max: 600,
      p50: 400,
      p90: 560,
      p95: 580,
      p99: 596,
      p999: 599,
      p9999: 599,
      samples: 2,
    },
    rx_packet_rate: expect.objectContaining({ max: 0, samples: 2 }),
    rx_drop_rate: expect.objectContaining({ max: 0 }),
    rx_error_rate: expect.objectContaining({ max: 0 }),
    tx_rate: expect.objectContaining({ max: 0 }),
    tx_packet_rate: expect.objectContaining({ min: 2, max: 6 }),
    tx_drop_rate: expect.objectContaining({ max: 0 }),
    tx_error_rate: expect.objectContaining({ max: 0 }),
  });
});

test('what is older than the window does not count any more', () => {
  const rates = new Rates(options);
  for (let second = 0; second <= 20; second++) {
    rates.add(second * 1_000, figures(second * second));
  }
  // Of the last five seconds: from 15² to 20².
  expect(rates.statistics().rx_rate).toMatchObject({ min: 31, max: 39, samples: 5 });
});

test('a link that was made anew has no rate below 0, and a look at the same time is none', () => {
  const rates = new Rates(options);
  for (const [atMs, bytes] of [
    [0, 1_000],
    [1_000, 0],
    [1_000, 50],
    [2_000, 150],
  ] as const) {
    rates.add(atMs, figures(bytes));
  }
  expect(rates.statistics().rx_rate).toMatchObject({ min: 0, max: 100, samples: 2 });
});
