// One program a folder: a second one would take the first one's tasks and files from it. The lock is a
// socket without a file, which the system takes away with the process that holds it; who connects to it
// is told that process.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** The process that has the folder may be stopped, or busy: its number is not waited for longer. */
const HOLDER_MS = 1000;
/** More than any process id. */
const HOLDER_BYTES = 20;

/**
 * Locks the folder for as long as this process lives and answers undefined; or answers the holder in words
 * (`process 123`, or `another process` when it does not say) when it is locked already.
 */
export async function folderHolder(folder: string, kind: string): Promise<string | undefined> {
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex');
  // A name that begins with a zero byte is of Linux's abstract sockets.
  const address = `\0mesoscale-${kind}-${name.slice(0, 32)}`;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(String(process.pid), () => socket.destroy());
  });
  server.listen(address);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      throw error;
    }
    return await holderAt(address);
  }
  server.unref();
  return undefined;
}

function holderAt(address: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(address);
    socket.setTimeout(HOLDER_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      text += piece.toString();
      if (text.length > HOLDER_BYTES) {
        socket.destroy();
      }
    });
    socket.on('close', () => resolve(/^\d+$/.test(text) ? `process ${text}` : 'another process'));
  });
}
