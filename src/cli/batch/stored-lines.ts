// Reads the files of a folder of results, a JSON object a line. They may have been damaged, or
// replaced by anything.
import { appendFileSync, mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { FlagError } from '../flags/parse.ts';

type FieldType = 'string' | 'number';

/** The types of the fields that a line has at least. */
export type Fields = Readonly<Record<string, FieldType>>;

/**
 * The objects in the file, which is created where it is missing. `fieldsOf` says what each must
 * have. A last line that a crash cut short is dropped: nothing has relied on it. Throws FlagError.
 */
export function readLines<T extends object>(
  file: string,
  fieldsOf: (line: Partial<T>) => Fields,
): T[] {
  const status = statSync(file, { throwIfNoEntry: false });
  if (status === undefined) {
    appendFileSync(file, '');
    return [];
  }
  // Anything else may have no end, or never begin.
  if (!status.isFile()) {
    throw new FlagError(`${file} is ${status.isDirectory() ? 'a folder' : 'no regular file'}`);
  }
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) {
    truncateSync(file, Buffer.byteLength(whole));
  }
  return whole.split('\n').flatMap((line, index) => {
    if (line === '') {
      return [];
    }
    const value = objectIn<T>(line);
    if (value === undefined || !hasFields(value, fieldsOf(value))) {
      throw new FlagError(
        `line ${index + 1} of ${file} is damaged: move the whole folder away to start over`,
      );
    }
    return [value];
  });
}

/** Undefined where the line holds anything but one object. */
function objectIn<T extends object>(line: string): T | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

function hasFields(line: object, fields: Fields): boolean {
  const values = line as Readonly<Record<string, unknown>>;
  return Object.entries(fields).every(([name, type]) => typeof values[name] === type);
}

/** Creates the folder where it is missing. Throws FlagError where something else has its place. */
export function makeFolder(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status !== undefined && !status.isDirectory()) {
    throw new FlagError(`${path} should be a folder, but it is a file: move it away`);
  }
  mkdirSync(path, { recursive: true });
}
