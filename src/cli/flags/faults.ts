// What is wrong with the flags of a command: collected while they are read, and told together, so
// that who mends one line does not find the next one only then.

/** The operator wrote something that cannot be used. The message has a line for each such thing. */
export class FlagError extends Error {
  readonly code = 'MESOSCALE_FLAG';
}

/** What is needed was not written at all. */
export class MissingFlagError extends FlagError {}

/** What was read from flags, if it could be. */
export interface Reading<T> {
  /**
   * Asked for by another reading where there is none, it ends that reading, too: the cause is told.
   */
  readonly value: T;
  /** The value, or what stands in for it, so that what is about other flags can be read, too. */
  or(standIn: T): T;
}

/** Ends a reading that depends on one that has failed. */
class AlreadyTold extends Error {}

export class FlagFaults {
  readonly #lines: string[] = [];
  readonly #missing: string[] = [];
  readonly #flags = new Set<string>();

  /** Whether the flag is among those that are wrong. */
  has(flag: string): boolean {
    return this.#flags.has(flag);
  }

  /** `flag` is left out where it is about no known one. */
  tell(line: string, flag?: string): void {
    this.#lines.push(line);
    if (flag !== undefined) {
      this.#flags.add(flag);
    }
  }

  /** A FlagError of `read` is noted, and what follows is read all the same. */
  read<T>(read: () => T): Reading<T> {
    try {
      const value = read();
      return { value, or: () => value };
    } catch (error) {
      return this.#failed(error);
    }
  }

  async readLater<T>(read: () => Promise<T>): Promise<Reading<T>> {
    try {
      const value = await read();
      return { value, or: () => value };
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** The value of a flag that must be set. One that is wrong is not missing. */
  required<T>(flag: string, value: T | undefined, meaning: string): Reading<T> {
    return this.read(() => {
      if (value !== undefined) {
        return value;
      }
      throw this.has(flag)
        ? new AlreadyTold(`--${flag} is wrong`)
        : new MissingFlagError(`--${flag} is required: ${meaning}`);
    });
  }

  /**
   * Reads what a flag says whose default would say something else, where it is not wrong itself.
   */
  dependent<T>(flag: string, read: () => T): Reading<T> {
    return this.has(flag) ? this.#failed(new AlreadyTold(`--${flag} is wrong`)) : this.read(read);
  }

  /**
   * Throws one FlagError about all that is wrong; where nothing is, about all that is missing,
   * which may be there with a name that is misspelt.
   */
  end(): void {
    if (this.#lines.length > 0) {
      throw new FlagError(this.#lines.join('\n'));
    }
    if (this.#missing.length > 0) {
      throw new MissingFlagError(this.#missing.join('\n'));
    }
  }

  #failed<T>(error: unknown): Reading<T> {
    if (error instanceof MissingFlagError) {
      this.#missing.push(error.message);
    } else if (error instanceof FlagError) {
      this.#lines.push(error.message);
    } else if (!(error instanceof AlreadyTold)) {
      throw error;
    }
    return {
      get value(): never {
        throw new AlreadyTold('what this depends on is wrong');
      },
      or: (standIn) => standIn,
    };
  }
}

/**
 * All parts of a flag's text, each read by itself. Throws one FlagError about all that are wrong.
 */
export function readEach<From, T>(parts: readonly From[], read: (part: From) => T): T[] {
  const faults = new FlagFaults();
  const readings = parts.map((part) => faults.read(() => read(part)));
  faults.end();
  return readings.map(({ value }) => value);
}
