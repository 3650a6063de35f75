// Tells whether a failure was due to lack of space: on the disk, or in the user's quota.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { resultOf } from './summed-rows.ts';

const WANTS_ROOM = new Set(['ENOSPC', 'EDQUOT']);

/** Whether an error of the system says so. */
export const isWantOfRoom = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && WANTS_ROOM.has(String(error.code));

// Result codes of SQLite.
const IO_ERROR = 10;
const FULL = 13;
const CANNOT_OPEN = 14;

/**
 * Whether writing a database failed for lack of space. SQLite says so only if a write does. A
 * used-up quota, a full disk that reports it only on sync, and a disk without room for another file
 * look like other errors: in these cases the disk itself is tried.
 */
export function isFullFor(file: string, error: unknown): boolean {
  switch (resultOf(error)) {
    case undefined:
      return isWantOfRoom(error);
    case FULL:
      return true;
    case IO_ERROR:
    case CANNOT_OPEN:
      return !hasRoomBeside(file);
    default:
      return false;
  }
}

/** A quota with less space left than this is used up. */
const PROBE = new Uint8Array(1024 * 1024);

function hasRoomBeside(file: string): boolean {
  const probe = `${file}.room`;
  try {
    rmSync(probe, { force: true });
    const descriptor = openSync(probe, 'wx', 0o600);
    try {
      for (let written = 0; written < PROBE.length; ) {
        written += writeSync(descriptor, PROBE, written);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
      rmSync(probe, { force: true });
    }
    return true;
  } catch (error) {
    // Any other error is a fault of the disk.
    return !isWantOfRoom(error);
  }
}
