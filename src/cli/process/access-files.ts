// The files that say who may come in, and what they may do. They are read again when they change,
// so that a new secret or list needs no restart; where one cannot be used, what it had before stays
// in force.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { FlagError } from '../flags/faults.ts';
import { whyUnreadable } from '../text-file.ts';

export interface AccessFile {
  /** The flag that names it. */
  readonly flag: string;
  readonly path: string;
  /** Brings the content into force; gives lines for the log. Throws FlagError. */
  readonly take: (content: Buffer) => readonly string[];
}

export interface AccessWatch {
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
  readonly lookMs?: number;
}

const LOOK_MS = 5_000;
const MAX_BYTES = 16 * 1024 * 1024;

export class AccessFiles {
  readonly #files: readonly AccessFile[];
  /** The digest of what each file had, or why it could not be read. */
  readonly #known = new Map<AccessFile, string>();
  #reloads = 0;
  #failures = 0;

  constructor(files: readonly AccessFile[]) {
    this.#files = files;
  }

  get metrics(): Record<string, number> {
    return { 'access/reloads': this.#reloads, 'access/failed_reloads': this.#failures };
  }

  /**
   * Looks again and again until `stop` is called. At the first look each file comes into force as
   * it is then: it may have changed since the flags were read, which for an agent that recovers is
   * long ago.
   */
  watch({ log, lookMs = LOOK_MS }: AccessWatch): { stop: () => void; begun: Promise<void> } {
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const look = async () => {
      for (const file of this.#files) {
        const content = await contentOf(file.path);
        if (!isOver) {
          this.#compare(file, content, log);
        }
      }
      if (!isOver) {
        timer = setTimeout(look, lookMs);
      }
    };
    const stop = () => {
      isOver = true;
      clearTimeout(timer);
    };
    return { stop, begun: look() };
  }

  #compare(file: AccessFile, content: Buffer | string, log: AccessWatch['log']): void {
    const before = this.#known.get(file);
    const now = typeof content === 'string' ? content : digestOf(content);
    this.#known.set(file, now);
    if (before === now) {
      return;
    }
    try {
      if (typeof content === 'string') {
        throw new FlagError(
          `--${file.flag} names a file that cannot be read: ${file.path} (${content})`,
        );
      }
      const lines = file.take(content);
      if (before === undefined) {
        return;
      }
      for (const line of lines) {
        log('warn', line);
      }
      this.#reloads++;
      log('info', `--${file.flag}: what ${file.path} says now is in force`);
    } catch (error) {
      this.#failures++;
      const { message } = error as Error;
      log('error', `${message}. What the file said before stays in force`);
    }
  }
}

const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** A pipe in place of the file would be waited for otherwise. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** The content of a regular file, or in a few words why it has none. */
async function contentOf(path: string): Promise<Buffer | string> {
  try {
    await using handle = await open(path, READ);
    const status = await handle.stat();
    if (!status.isFile()) {
      return 'it is no file';
    }
    return status.size > MAX_BYTES
      ? `it is larger than ${MAX_BYTES} bytes`
      : await handle.readFile();
  } catch (error) {
    return whyUnreadable(error);
  }
}
