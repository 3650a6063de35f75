// At most one agent has a folder for its cache: another one would delete its files. The lock is an
// address of the kernel's (an abstract socket), which leaves no file in the folder and ends with
// the process.
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { codeOf } from '../../../filesystem/folder.ts';

export class FolderLock implements Disposable {
  readonly #server: Server | undefined;

  private constructor(server: Server | undefined) {
    this.#server = server;
  }

  /**
   * Locks the folder with these numbers of device and inode; undefined where another process has
   * it. Nothing is locked on systems without such addresses (macOS).
   */
  static async take(dev: number, ino: number): Promise<FolderLock | undefined> {
    if (process.platform !== 'linux') {
      return new FolderLock(undefined);
    }
    const server = createServer((socket) => socket.destroy());
    server.listen(`\0mesoscale/fetcher-cache/${dev}/${ino}`);
    try {
      await once(server, 'listening');
    } catch (error) {
      if (codeOf(error) === 'EADDRINUSE') {
        return undefined;
      }
      throw error;
    }
    server.unref();
    return new FolderLock(server);
  }

  [Symbol.dispose](): void {
    this.#server?.close();
  }
}
