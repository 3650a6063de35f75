// Which masters a local cluster has, and which ports are theirs and its agents'.
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import { zooKeeperUrlOf } from '../zookeeper-flag.ts';
import type { LOCAL_FLAGS } from './flags.ts';

type Values = FlagValues<typeof LOCAL_FLAGS>;

export interface LocalMaster {
  /** Of its folder, its log and its pid file. */
  readonly name: string;
  readonly port: number;
  /** For its `mesoscale master`, besides its folder. */
  readonly flags: readonly string[];
}

/** The most masters; more than five or so make an ensemble no safer. */
export const MOST_MASTERS = 9;
/** Throws FlagError. */
export function mastersOf(values: Values, zkFile: string): readonly LocalMaster[] {
  const { port, zk } = values;
  const count = values.masters;
  if (zk === undefined) {
    if (count > 1) {
      throw new FlagError(
        `--masters=${count} needs --zk: masters elect one of themselves in ZooKeeper. ` +
          'On Debian `apt-get install zookeeperd` starts one: --zk=zk://127.0.0.1:2181/mesos',
      );
    }
    return [{ name: 'master', port, flags: ['--registry=sqlite'] }];
  }
  zooKeeperUrlOf('zk', zk);
  return Array.from({ length: count }, (_, index) => ({
    name: `master-${index + 1}`,
    port: port + index,
    flags: ['--registry=zookeeper', `--zk=file://${zkFile}`],
  }));
}

/**
 * The first agent's port: the one behind the masters', so that a second cluster on a machine needs
 * no more than a --port of its own.
 */
export const firstAgentPort = (values: Values) => values.agent_port ?? values.port + values.masters;
