// The file of --whitelist: a host name in each line. It is read again and again, so that an
// operator can change which agents are offered by changing the file.
import { FlagError } from '../flags/parse.ts';
import { readTextFile, whyUnreadable } from '../text-file.ts';

const LOOK_MS = 5000;

/** The names in the file. Throws FlagError. */
export function readWhitelist(file: string): string[] {
  try {
    return readTextFile(file)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch (error) {
    throw new FlagError(
      `--whitelist names a file that cannot be read: ${file} (${whyUnreadable(error)})`,
    );
  }
}

export interface Watch {
  readonly file: string;
  /** The names that are in force: what the file had when the flags were read. */
  readonly hostnames: readonly string[];
  readonly changed: (hostnames: readonly string[]) => void;
  readonly unreadable: (message: string) => void;
}

/**
 * Calls back with every change, until the function that it returns is called. While the file cannot
 * be read, the last names stay in force.
 */
export function watchWhitelist({ file, hostnames, ...on }: Watch): () => void {
  let last = hostnames.join('\n');
  const timer = setInterval(() => {
    try {
      const names = readWhitelist(file);
      if (names.join('\n') !== last) {
        last = names.join('\n');
        on.changed(names);
      }
    } catch (error) {
      on.unreadable((error as Error).message);
    }
  }, LOOK_MS);
  return () => clearInterval(timer);
}
