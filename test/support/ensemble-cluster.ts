// Programs of a test beside a ZooKeeper of one server, which all tests of a file share.
import { afterAll, beforeAll } from 'vitest';
import { TestCluster } from './cluster.ts';
import { Ensemble } from './zookeeper.ts';

/** To be called where a file begins. `zk` is the URL of a folder, `login` a `user:password`. */
export function clusterWithEnsemble() {
  const cluster = new TestCluster();
  let ensemble: Ensemble | undefined;
  beforeAll(async () => {
    ensemble = await Ensemble.start();
  });
  afterAll(async () => {
    await cluster.stop();
    await ensemble?.stop();
  });
  const zk = (folder: string, login?: string) =>
    `zk://${login === undefined ? '' : `${login}@`}${ensemble?.addresses.join(',')}/${folder}`;
  return { cluster, zk };
}
