// Reads files that flags and arguments name. Anything but a regular file is refused, for it might
// never end.
import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const MB = 2 ** 20;
const PIECE_BYTES = MB;

/** The text of the file. The error says in a few words why it cannot be read. */
export function readTextFile(path: string, mostBytes = 64 * MB): string {
  const fd = openSync(path, 'r');
  try {
    if (fstatSync(fd).isDirectory()) {
      throw new Error('it is a folder');
    }
    const pieces: Buffer[] = [];
    for (let size = 0; ; ) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const read = readSync(fd, piece);
      if (read === 0) {
        return textOf(Buffer.concat(pieces));
      }
      size += read;
      if (size > mostBytes) {
        throw new Error(`it is larger than ${mostBytes / MB} MB`);
      }
      pieces.push(piece.subarray(0, read));
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The text of a file's bytes. Throws where they are not UTF-8: all that is none would be read as
 * the same character, and two secrets that differ as the same one.
 */
export function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    throw new Error('it is not UTF-8');
  }
  return bytes.toString();
}

/** Why a file could not be read: the code of the system's error, or the text of ours. */
export function whyUnreadable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
