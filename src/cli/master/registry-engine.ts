// The registry of a master, in the engine that its flags ask for.
import type { Log } from '../../filesystem/stall.ts';
import { MemoryRegistry } from '../../registry/memory-registry.ts';
import { type DurableRegistry, type Registry, RegistryError } from '../../registry/registry.ts';
import { SqliteRegistry } from '../../registry/sqlite-registry.ts';
import type { ZooKeeperUrl } from '../../zookeeper/zookeeper-url.ts';
import { FlagError } from '../flags/faults.ts';

export type RegistryPlace = { readonly type: 'memory' } | DurablePlace;

export type DurablePlace =
  | { readonly type: 'sqlite'; readonly file: string }
  | { readonly type: 'zookeeper'; readonly url: ZooKeeperUrl; readonly folder: string };

/** The registry there takes a million bytes at once, with those of a few other agents. */
const ZOOKEEPER_BOUNDS = { registryAgentBytes: 128 * 1024, registrySettingBytes: 800_000 };

interface RegistryOptions {
  /** Of sessions with ZooKeeper. */
  readonly sessionTimeoutMs: number;
  readonly fetchTimeoutMs: number;
  readonly storeTimeoutMs: number;
  readonly log: Log;
  /** Called while it is opened, where changes may be missing and nothing can tell. */
  readonly onDoubt: (text: string) => void;
  readonly onLost: (error: RegistryError) => void;
}

/** A registry in ZooKeeper is opened without waiting for the ensemble. Throws FlagError. */
export async function openRegistry(
  place: RegistryPlace,
  options: RegistryOptions,
): Promise<Registry> {
  return place.type === 'memory' ? new MemoryRegistry() : await openDurable(place, options);
}

/** The same of one that outlives its process. */
export async function openDurable(
  place: DurablePlace,
  options: RegistryOptions,
): Promise<DurableRegistry> {
  const { log, onDoubt, onLost } = options;
  switch (place.type) {
    case 'sqlite':
      return await orFlagError(
        SqliteRegistry.open(place.file, {
          answerTimeoutMs: options.storeTimeoutMs,
          log,
          onDoubt,
          onLost,
        }),
      );
    case 'zookeeper': {
      // Loaded where they are used: without them, programs start sooner.
      const [{ ZooKeeperRegistry }, { ZooKeeperSession }] = await Promise.all([
        import('../../registry/zookeeper-registry.ts'),
        import('../../zookeeper/session.ts'),
      ]);
      const { servers, credentials } = place.url;
      const timeoutMs = options.sessionTimeoutMs;
      return new ZooKeeperRegistry({
        connect: () => new ZooKeeperSession({ servers, credentials, timeoutMs }),
        folder: place.folder,
        readTimeoutMs: options.fetchTimeoutMs,
        storeTimeoutMs: options.storeTimeoutMs,
        log,
        onLost,
      });
    }
    default:
      return place satisfies never;
  }
}

/** A registry that cannot be opened is a matter of its flag. */
async function orFlagError<T>(opened: Promise<T>): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    throw error instanceof RegistryError
      ? new FlagError(`--work_dir: ${error.message}`, { cause: error })
      : error;
  }
}

/** A file has room for whatever the master takes; a znode has not. */
export const registryBounds = ({ type }: RegistryPlace) =>
  type === 'zookeeper' ? ZOOKEEPER_BOUNDS : {};

/** Monitors expect metrics of the replicas of Mesos's log. A registry in memory has none. */
export function replicaMetrics(place: RegistryPlace): Readonly<Record<string, number>> {
  switch (place.type) {
    case 'memory':
      return {};
    case 'sqlite':
      return replicas(1);
    case 'zookeeper':
      return replicas(place.url.servers.length);
    default:
      return place satisfies never;
  }
}

const replicas = (count: number) => ({
  'registrar/log/recovered': 1,
  'registrar/log/ensemble_size': count,
});
