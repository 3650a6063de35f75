// Folders that flags name. They are created where they are missing, and tried, so that a useless
// folder is reported at the start and not by the first file that fails.
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { FlagError } from '../flags/parse.ts';

/**
 * The absolute path of the folder, without a slash at its end. `mode` is for the folder itself, if
 * it is created, and not for those above it. Throws FlagError.
 */
export function writableFolder(flag: string, path: string, mode?: number): string {
  const folder = resolve(path);
  try {
    make(folder, mode);
    if (!statSync(folder).isDirectory()) {
      throw new FlagError(`--${flag} expects a folder, got '${path}', which is none`);
    }
    tryOut(folder);
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException;
    if (code === undefined || errno === undefined) {
      throw error;
    }
    throw new FlagError(
      `--${flag} expects a folder that can be written to, got '${path}' ` +
        `(${code}: ${getSystemErrorMessage(errno)})`,
    );
  }
  return folder;
}

/** Tries to write. A full disk is no error: the program can do what needs no writing. */
function tryOut(folder: string): void {
  try {
    rmdirSync(mkdtempSync(join(folder, '.try-')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') {
      throw error;
    }
  }
}

/**
 * Creates missing folders one by one: mkdir with `recursive` never returns where the system can
 * have no folders at all, as below /proc.
 */
function make(folder: string, mode?: number): void {
  if (existsSync(folder)) {
    return;
  }
  make(dirname(folder));
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Two programs that start together may share a parent folder.
    if (!existsSync(folder)) {
      throw error;
    }
  }
}
