// Folders in ZooKeeper: znodes that are there for those below them.
import type { Session } from './interface.ts';
import { isFault } from './zookeeper-error.ts';

const NOTHING = Buffer.alloc(0);

/** Makes the znode and all above it that are missing. Rejects with ZooKeeperError. */
export async function createFolder(session: Session, path: string): Promise<void> {
  const parts = path.split('/').slice(1);
  for (const [index] of parts.entries()) {
    const folder = `/${parts.slice(0, index + 1).join('/')}`;
    if (folder !== '/' && !(await session.exists(folder))) {
      await session.create(folder, NOTHING).catch((error: unknown) => {
        if (!isFault(error, 'nodeExists')) {
          throw error;
        }
      });
    }
  }
}
