// Bytes of a file onto standard output or standard error, no faster than they are taken: all of
// them in a pipe, and in a terminal only what no harm comes of.
import { once } from 'node:events';
import { TerminalText } from '../output/terminal-text.ts';

export type Write = (bytes: Uint8Array) => Promise<void>;

export function writerTo(stream: NodeJS.WriteStream, isRaw: boolean): Write {
  const text = stream.isTTY === true && !isRaw ? new TerminalText() : undefined;
  return async (bytes) => {
    if (!stream.write(text === undefined ? bytes : text.take(bytes))) {
      await once(stream, 'drain');
    }
  };
}
