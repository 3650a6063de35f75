// The thread that reads what statistics are made of.
import { readdirSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errorText } from '../../model/error-text.ts';
import { allProcesses } from '../host/process-table.ts';
import { isAbsence, readText, reserveDescriptor, withDescriptor } from '../records/record-file.ts';
import { answer } from '../threads/answering.ts';

/** A list of a million processes has fewer bytes. */
const MOST_BYTES = 8 * 1024 * 1024;

reserveDescriptor();
answer(
  parentPort,
  {
    texts: (paths: readonly string[]) => paths.map(textOf),
    folders: foldersIn,
    processes: () => allProcesses(),
  },
  errorText,
);

function textOf(path: string): string | undefined {
  try {
    return readText(path, 'latin1', MOST_BYTES);
  } catch {
    return undefined;
  }
}

function foldersIn(path: string): string[] {
  try {
    const entries = withDescriptor(() => readdirSync(path, { withFileTypes: true }));
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (isAbsence(error)) {
      return [];
    }
    throw error;
  }
}
