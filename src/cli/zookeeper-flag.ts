// Flags that name an ensemble of ZooKeeper or a folder in it: --zk, --zk_registry_path, and
// --master of agents and commands.
import {
  parseZooKeeperUrl,
  type ZooKeeperUrl,
  ZooKeeperUrlError,
} from '../zookeeper/zookeeper-url.ts';
import { FlagError } from './flags/faults.ts';

/** Throws FlagError. As with Mesos, masters do not meet in ZooKeeper's root. */
export function zooKeeperUrlOf(flag: string, text: string): ZooKeeperUrl {
  const url = parsed(flag, text);
  if (url.path === '/') {
    throw new FlagError(`--${flag}: expected a path after the servers, such as /mesos`);
  }
  return url;
}

/** A folder other than the root. Throws FlagError. */
export function zooKeeperPathOf(flag: string, text: string): string {
  if (text.startsWith('/')) {
    const { path } = parsed(flag, `zk://host${text}`);
    if (path !== '/') {
      return path;
    }
  }
  throw new FlagError(
    `--${flag}: expected a path such as /mesos-registry, got '${text.slice(0, 100)}'`,
  );
}

function parsed(flag: string, url: string): ZooKeeperUrl {
  try {
    return parseZooKeeperUrl(url);
  } catch (error) {
    throw error instanceof ZooKeeperUrlError
      ? new FlagError(`--${flag}: ${error.message}`, { cause: error })
      : error;
  }
}
