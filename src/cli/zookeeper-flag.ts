// Flags that name an ensemble of ZooKeeper: --zk, and --master of agents and commands.
import {
  parseZooKeeperUrl,
  type ZooKeeperUrl,
  ZooKeeperUrlError,
} from '../zookeeper/zookeeper-url.ts';
import { FlagError } from './flags/faults.ts';

/** Throws FlagError. As with Mesos, masters do not meet in ZooKeeper's root. */
export function zooKeeperUrlOf(flag: string, text: string): ZooKeeperUrl {
  try {
    const url = parseZooKeeperUrl(text);
    if (url.path === '/') {
      throw new ZooKeeperUrlError('expected a path after the servers, such as /mesos');
    }
    return url;
  } catch (error) {
    throw error instanceof ZooKeeperUrlError
      ? new FlagError(`--${flag}: ${error.message}`, { cause: error })
      : error;
  }
}
