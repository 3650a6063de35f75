// What flags ask to be told of networks, and what is wrong with it.
import { expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { networkStatisticsOptions } from '../../src/cli/agent/network-statistics.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';

const options = (...names: string[]) => {
  const argv = names.map((name) => `--network_${name}`);
  return networkStatisticsOptions(parseFlags(AGENT_FLAGS, { argv, environment: {} }).values);
};

const NONE = { hasSnmp: false, hasSockets: false, hasTimes: false, rates: undefined };

test('more than figures of links is told where a flag asks for it', () => {
  expect(options()).toEqual(NONE);
  expect(options('enable_snmp_statistics')).toEqual({ ...NONE, hasSnmp: true });
  expect(options('enable_socket_statistics_summary')).toEqual({ ...NONE, hasSockets: true });
  expect(options('enable_socket_statistics_details')).toEqual({ ...NONE, hasTimes: true });
});

const rates = (interval: string, window: string) =>
  options(
    'enable_rate_statistics',
    `rate_statistics_interval=${interval}`,
    `rate_statistics_window=${window}`,
  ).rates;

test('rates have an interval and a window, which are refused where they say nothing', () => {
  expect(rates('20ms', '200secs')).toEqual({ intervalMs: 20, windowMs: 200_000 });
  expect(options('rate_statistics_interval=1secs').rates).toBeUndefined();
  expect(() => options('enable_rate_statistics', 'rate_statistics_window=1secs')).toThrow(
    '--network_enable_rate_statistics needs --network_rate_statistics_window and --network_rate_statistics_interval',
  );
  expect(() => rates('19ms', '1secs')).toThrow(
    '--network_rate_statistics_interval must be 20ms or more',
  );
  for (const window of ['1secs', '500ms', '10001secs']) {
    expect(() => rates('1secs', window)).toThrow(
      '--network_rate_statistics_window must be more than --network_rate_statistics_interval, and at most 10000 times that',
    );
  }
});
