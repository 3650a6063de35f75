// Where the flags say that a registry lies: in memory, in a file of the work folder, or in
// ZooKeeper.
import { join } from 'node:path';
import type { ZooKeeperUrl } from '../zookeeper/zookeeper-url.ts';
import { FlagError } from './flags/faults.ts';
import { zooKeeperPathOf } from './zookeeper-flag.ts';

export type RegistryKind = 'in_memory' | 'sqlite' | 'zookeeper';

export const REGISTRY_FILE = 'registry.sqlite';

export const registryFile = (workFolder: string) => join(workFolder, REGISTRY_FILE);

/**
 * What `replicated_log`, the default, stands for depends on whether there are other masters. Throws
 * FlagError.
 */
export function registryKind({
  registry,
  zk,
}: {
  readonly registry: RegistryKind | 'replicated_log';
  readonly zk: string | undefined;
}): RegistryKind {
  if (registry === 'replicated_log') {
    return zk === undefined ? 'sqlite' : 'zookeeper';
  }
  if (registry === 'zookeeper' && zk === undefined) {
    throw new FlagError('--registry=zookeeper needs --zk, which names the ensemble');
  }
  if (registry === 'sqlite' && zk !== undefined) {
    // Each master would have agents of its own, and forget them when another leads.
    throw new FlagError(
      '--registry=sqlite is of one master, and --zk of several. Expected --registry=zookeeper',
    );
  }
  return registry;
}

/**
 * The registry's folder in ZooKeeper. Nothing but candidates may be in the folder of the election,
 * so it is beside that. Throws FlagError.
 */
export function registryFolder(url: ZooKeeperUrl, path: string | undefined): string {
  const folder =
    path === undefined ? `${url.path}-registry` : zooKeeperPathOf('zk_registry_path', path);
  if (`${folder}/`.startsWith(`${url.path}/`)) {
    throw new FlagError(
      `--zk_registry_path: expected a path that is not within that of --zk, ${url.path}`,
    );
  }
  return folder;
}
