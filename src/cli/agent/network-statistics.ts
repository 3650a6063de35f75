// What flags ask to be told of containers on networks of their own.
import type { NetworkStatisticsOptions } from '../../containerizer/networks/statistics/network-statistics.ts';
import type { RateOptions } from '../../containerizer/networks/statistics/rates.ts';
import { FlagError } from '../flags/faults.ts';
import type { AgentFlagValues } from './options.ts';

/** As in Mesos. */
const SHORTEST_INTERVAL_MS = 20;
/** What is kept of each container. */
const MOST_SAMPLES = 10_000;

/** Throws FlagError. */
export const networkStatisticsOptions = (values: AgentFlagValues): NetworkStatisticsOptions => ({
  hasSnmp: values.network_enable_snmp_statistics,
  hasSockets: values.network_enable_socket_statistics_summary,
  hasTimes: values.network_enable_socket_statistics_details,
  rates: rateOptions(values),
});

function rateOptions(values: AgentFlagValues): RateOptions | undefined {
  const {
    network_enable_rate_statistics: isWanted,
    network_rate_statistics_interval: intervalMs,
    network_rate_statistics_window: windowMs,
  } = values;
  if (!isWanted) {
    return undefined;
  }
  if (intervalMs === undefined || windowMs === undefined) {
    throw new FlagError(
      '--network_enable_rate_statistics needs --network_rate_statistics_window and --network_rate_statistics_interval',
    );
  }
  if (intervalMs < SHORTEST_INTERVAL_MS) {
    throw new FlagError(
      `--network_rate_statistics_interval must be ${SHORTEST_INTERVAL_MS}ms or more`,
    );
  }
  if (windowMs <= intervalMs || windowMs > intervalMs * MOST_SAMPLES) {
    throw new FlagError(
      `--network_rate_statistics_window must be more than --network_rate_statistics_interval, and at most ${MOST_SAMPLES} times that`,
    );
  }
  return { intervalMs, windowMs };
}
