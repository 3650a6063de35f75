// Small files that must be readable and writable in the worst of times: with no descriptor left,
// and with no room left on the disk.
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';

/** Held open to be given up when the last descriptor is gone, for as long as one file is read. */
let reserve: number | undefined;

/** What the error says about the file: that it is not there, or only that it cannot be read now. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV']);
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR']);

/** Whether there is nothing where it was looked for: no such file, no such process (any more). */
export const isAbsence = (error: unknown) => ABSENT.has(codeOf(error) ?? '');

/** Whether the same may well work a moment later: descriptors or memory were used up. */
export const isPassing = (error: unknown) => PASSING.has(codeOf(error) ?? '');

/** Takes the descriptor that reading falls back on; to be called while there are some. */
export function reserveDescriptor(): void {
  try {
    reserve ??= openSync('/dev/null', 'r');
  } catch (error) {
    if (!isPassing(error)) {
      throw error;
    }
  }
}

/** Undefined: there is no such file. Throws what else stands in the way. */
export function readText(path: string, encoding: BufferEncoding = 'latin1'): string | undefined {
  try {
    return withDescriptor(() => readFileSync(path, encoding));
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw error;
  }
}

/** Runs what opens one file, and closes it. */
export function withDescriptor<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    const code = codeOf(error);
    if (reserve === undefined || (code !== 'EMFILE' && code !== 'ENFILE')) {
      throw error;
    }
    closeSync(reserve);
    reserve = undefined;
    try {
      return use();
    } finally {
      reserveDescriptor();
    }
  }
}

const RETRY_MS = 200;

/**
 * The same, again and again while it fails for a reason that passes; `onWait` is told the first.
 */
export async function patiently<T>(use: () => T, onWait: (error: Error) => void): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return use();
    } catch (error) {
      if (!isPassing(error)) {
        throw error;
      }
      if (tries === 0) {
        onWait(error as Error);
      }
      await delay(RETRY_MS);
    }
  }
}

/** Makes a blank file with room for a text of so many bytes, to be overwritten in place later. */
export function makeRoom(path: string, bytes: number): void {
  writeFileSync(path, filled('', bytes), { flag: 'wx', mode: 0o600 });
}

/** Puts a text in the place of what the file holds; `bytes` is the room that was made for it. */
export function overwrite(path: string, text: string, bytes: number): void {
  withDescriptor(() => {
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeSync(file, filled(text, bytes), 0);
    } finally {
      closeSync(file);
    }
  });
}

/** As `readText`, but the bytes; a FIFO that stands in the place of the file is not waited for. */
export function readRecord(path: string): Buffer | undefined {
  try {
    return withDescriptor(() => {
      const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        if (!fstatSync(file).isFile()) {
          throw new Error(`'${path}' is not a file`);
        }
        return readFileSync(file);
      } finally {
        closeSync(file);
      }
    });
  } catch (error) {
    if (isAbsence(error)) {
      return undefined;
    }
    throw error;
  }
}

function filled(text: string, bytes: number): string {
  const left = bytes - Buffer.byteLength(text) - 1;
  if (left < 0) {
    throw new RangeError(`There is room for ${bytes} bytes, not for '${text}'`);
  }
  return `${text}${' '.repeat(left)}\n`;
}
