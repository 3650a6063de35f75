// Small files that can be read and written even when no descriptor is free, or the disk is full.
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../filesystem/folder.ts';

/** A descriptor held in reserve: it is closed while one file is read when no other is free. */
let reserve: number | undefined;

/** Error codes that say whether the file is absent, or only unreadable for the moment. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'ENODEV']);
const PASSING = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR']);

/** Whether the file or process does not exist (any more). */
export const isAbsence = (error: unknown) => ABSENT.has(codeOf(error) ?? '');

/** Whether a retry may work: descriptors or memory were used up. */
export const isPassing = (error: unknown) => PASSING.has(codeOf(error) ?? '');

/** Opens the descriptor in reserve; to be called while descriptors are free. */
export function reserveDescriptor(): void {
  try {
    reserve ??= openSync('/dev/null', 'r');
  } catch (error) {
    if (!isPassing(error)) {
      throw error;
    }
  }
}

/**
 * Room for what `readText` reads, which nearly always fits. Files of /proc and cgroups have no
 * size, and Node would make 64 KiB of garbage for each.
 */
const room = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Undefined where there is no such file. Throws any other error, and RangeError for a file of more
 * bytes than `most`, of which not many more are read. Does not wait for a FIFO in its place.
 */
export function readText(
  path: string,
  encoding: BufferEncoding = 'latin1',
  most = Number.POSITIVE_INFINITY,
): string | undefined {
  try {
    return withDescriptor(() => {
      const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        return textIn(file, most).toString(encoding);
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

/** Valid until the next call. */
function textIn(file: number, most: number): Buffer {
  const full: Buffer[] = [];
  for (let length = 0, total = 0; ; ) {
    const more = readSync(file, room, length, room.length - length, null);
    length += more;
    total += more;
    if (total > most) {
      throw new RangeError(`A file has more than ${most} bytes`);
    }
    if (more === 0) {
      const last = room.subarray(0, length);
      return full.length === 0 ? last : Buffer.concat([...full, last]);
    }
    if (length === room.length) {
      full.push(Buffer.from(room));
      length = 0;
    }
  }
}

/**
 * Runs `use`, which opens and closes one file; if no descriptor is free, with the one in reserve.
 */
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

/** Retries `use` as long as its failure may be temporary; `onWait` gets the first failure. */
export async function patiently<T>(
  use: () => T | Promise<T>,
  onWait: (error: Error) => void,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await use();
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

/**
 * Creates a blank file with room for a text of this many bytes, to be overwritten in place later.
 */
export function makeRoom(path: string, bytes: number): void {
  writeFileSync(path, filled('', bytes), { flag: 'wx', mode: 0o600 });
}

/** Replaces the file's text in place; `bytes` is the size of the file. */
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

/**
 * As `readText`, but returns bytes. If there is a FIFO in place of the file, it does not wait for
 * it.
 */
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
