// The faults in the flags of a command. They are collected while the flags are read and reported
// together, so that an operator who corrects one line does not find the next fault only then.

/** A flag cannot be used. The message has a line for each fault. */
export class FlagError extends Error {
  readonly code = 'MESOSCALE_FLAG';
}

/** So can it never be: what is wrong is what was written, and not the world that it is about. */
export class LastingFlagError extends FlagError {}

/** A required flag is missing. */
export class MissingFlagError extends LastingFlagError {}

/** A value that was read from flags, or the failure to read it. */
export interface Reading<T> {
  /**
   * The value. If it could not be read, it throws, and so ends a reading that depends on it; the
   * fault is reported once.
   */
  readonly value: T;
  /** The value or, if it could not be read, a substitute with which other flags can be read. */
  or(standIn: T): T;
}

/** Ends a reading that depends on a failed one. */
class AlreadyTold extends Error {}

export class FlagFaults {
  /** One flag may be read for several ends. */
  readonly #lines = new Set<string>();
  readonly #missing: string[] = [];
  readonly #flags = new Set<string>();
  #isLasting = false;

  /** Whether the flag has a fault. */
  has(flag: string): boolean {
    return this.#flags.has(flag);
  }

  /**
   * Adds a fault; `flag` is the flag that it is about, if it is about one. `isLasting`: another
   * start cannot be without it.
   */
  tell(line: string, flag?: string, isLasting = false): void {
    this.#lines.add(line);
    this.#isLasting ||= isLasting;
    if (flag !== undefined) {
      this.#flags.add(flag);
    }
  }

  /** Calls `read` and notes a FlagError that it throws; the caller goes on in any case. */
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

  /** The value of a required flag. A flag with a fault does not count as missing. */
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
   * Reads something that depends on a flag, unless that flag has a fault: its default would give
   * another result.
   */
  dependent<T>(flag: string, read: () => T): Reading<T> {
    return this.has(flag) ? this.#failed(new AlreadyTold(`--${flag} is wrong`)) : this.read(read);
  }

  /**
   * Throws one FlagError about all faults. Without faults, throws one about all missing flags:
   * while there are faults, a missing flag may be there under a misspelt name. It is a
   * LastingFlagError where one of them is lasting.
   */
  end(): void {
    if (this.#lines.size > 0) {
      const text = [...this.#lines].join('\n');
      throw this.#isLasting ? new LastingFlagError(text) : new FlagError(text);
    }
    if (this.#missing.length > 0) {
      throw new MissingFlagError(this.#missing.join('\n'));
    }
  }

  #failed<T>(error: unknown): Reading<T> {
    if (error instanceof MissingFlagError) {
      this.#missing.push(error.message);
    } else if (error instanceof FlagError) {
      this.tell(error.message, undefined, error instanceof LastingFlagError);
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
 * Reads all parts of a flag's text, each by itself. Throws one FlagError about all faulty parts.
 */
export function readEach<From, T>(parts: readonly From[], read: (part: From) => T): T[] {
  const faults = new FlagFaults();
  const readings = parts.map((part) => faults.read(() => read(part)));
  faults.end();
  return readings.map(({ value }) => value);
}
