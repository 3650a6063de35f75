// One cluster a folder: who starts a second one there would take the first one's tasks and files from it.
// The lock is a socket without a file, which the system takes away with the process that holds it.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { FlagError } from '../flags/parse.ts';

/** Held until the process ends. Throws FlagError when another process has the folder. */
export async function lockFolder(folder: string): Promise<void> {
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex');
  const server = createServer((socket) => socket.destroy());
  // A name that begins with a zero byte is of Linux's abstract sockets.
  server.listen(`\0mesoscale-local-${name.slice(0, 32)}`);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new FlagError(
      `--work_dir: a cluster that runs already has ${folder}; stop it, or choose another folder`,
      { cause: error },
    );
  }
  server.unref();
}
