// Whether what failed failed for want of room: on the disk, or in the user's quota of it.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { resultOf } from './summed-rows.ts';

const WANTS_ROOM = new Set(['ENOSPC', 'EDQUOT']);

/** Of the system's own errors. */
export const isWantOfRoom = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && WANTS_ROOM.has(String(error.code));

// Result codes of SQLite.
const IO_ERROR = 10;
const FULL = 13;
const CANNOT_OPEN = 14;

/**
 * Of an error of writing a database. SQLite speaks of a full disk where a write says so; a quota
 * that is used up, a full disk that says so only when it is synced, and one without room for
 * another file are errors like any other to it. There the disk itself is asked.
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

/** A quota with less left than this is used up. */
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
    // Any other error is what is wrong with the disk, and no want of room.
    return !isWantOfRoom(error);
  }
}
