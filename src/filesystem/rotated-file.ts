// A file that lines are added to, and that never grows beyond a bound: FILE is moved to FILE.1,
// that to FILE.2 and so on, and the oldest is removed. Nobody waits for the disk: lines wait here,
// as many as there is room for, and those beyond are dropped and counted.
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';

export interface RotatedFileOptions {
  readonly path: string;
  /** The size at which a file is moved away. */
  readonly maxFileBytes: number;
  /** How many older files are kept. */
  readonly kept: number;
  /** What may wait for the disk. */
  readonly maxWaitingBytes: number;
  /** A line that stands for lines which were dropped. */
  readonly tellDropped: (lines: number) => string;
  /** Called with a failure, once as long as it lasts. */
  readonly tellTrouble: (text: string) => void;
}

/** After a failure the file is tried again at the next line that comes so much later. */
const RETRY_MS = 1_000;

/** How long the end of the process waits for lines to be written. */
const CLOSE_MS = 2_000;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
const PRIVATE = 0o600;

export class RotatedFile {
  readonly path: string;
  readonly #options: RotatedFileOptions;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** Lines that were dropped, and have no line that tells of them yet. */
  #untold = 0;
  #dropped = 0;
  #written = 0;
  #file: FileHandle | undefined;
  #size = 0;
  #older = 0;
  #isReopened = false;
  #trouble = '';
  #retryMs = 0;
  #writing: Promise<void> | undefined;

  private constructor(options: RotatedFileOptions) {
    this.path = options.path;
    this.#options = options;
  }

  /** Throws the system's error where the file cannot be opened; a link is not followed. */
  static async open(options: RotatedFileOptions): Promise<RotatedFile> {
    const file = new RotatedFile(options);
    await file.#open();
    while (file.#older < options.kept && (await exists(`${options.path}.${file.#older + 1}`))) {
      file.#older++;
    }
    return file;
  }

  /** The file, and those before it, newest first. */
  get paths(): string[] {
    const older = Array.from({ length: this.#older }, (_, i) => `${this.path}.${i + 1}`);
    return [this.path, ...older];
  }

  /** Lines that have been written, and lines that never will be. */
  get counts(): { readonly written: number; readonly dropped: number } {
    return { written: this.#written, dropped: this.#dropped };
  }

  /** Adds a line, which is given without its end. Returns at once. */
  add(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > this.#options.maxWaitingBytes) {
      this.#drop(1);
    } else {
      this.#waiting.push(line);
      this.#waitingBytes += bytes;
    }
    this.#start();
  }

  /** Opens the file again under its name, after something else has moved it away. */
  reopen(): void {
    this.#isReopened = true;
    this.#retryMs = 0;
    this.#start();
  }

  /** Writes what waits, for a moment at most, and closes the file. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([this.#finish(), late]);
    clearTimeout(timer);
  }

  async #finish(): Promise<void> {
    this.#retryMs = 0;
    this.#start();
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#untold += lines;
  }

  #start(): void {
    if (this.#writing === undefined && performance.now() >= this.#retryMs) {
      this.#writing = this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    }
  }

  /** Writes until nothing waits; one write is out at a time. */
  async #writeAll(): Promise<void> {
    // What else this turn has to say goes with it.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0 || this.#untold > 0 || this.#isReopened) {
      const lines = this.#waiting;
      const told = this.#untold;
      this.#waiting = [];
      try {
        await this.#write([...lines, ...(told > 0 ? [this.#options.tellDropped(told)] : [])]);
        this.#untold -= told;
        this.#written += lines.length;
        this.#trouble = '';
      } catch (error) {
        this.#drop(lines.length);
        this.#retryMs = performance.now() + RETRY_MS;
        this.#tell(error);
      }
      // Only now: what is being written takes memory, too.
      this.#waitingBytes = sizeOf(this.#waiting);
      if (this.#trouble !== '') {
        return;
      }
    }
  }

  #tell(error: unknown): void {
    const trouble = String(error);
    if (trouble !== this.#trouble) {
      this.#trouble = trouble;
      this.#options.tellTrouble(
        `${this.path} cannot be written, and is tried again; lines are dropped: ${trouble}`,
      );
    }
  }

  async #write(lines: readonly string[]): Promise<void> {
    if (this.#isReopened || this.#file === undefined) {
      this.#isReopened = false;
      await this.#open();
    }
    if (lines.length === 0) {
      return;
    }
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    if (this.#size > 0 && this.#size + bytes.length > this.#options.maxFileBytes) {
      await this.#rotate();
    }
    await this.#file?.appendFile(bytes);
    this.#size += bytes.length;
  }

  async #open(): Promise<void> {
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
    const file = await open(this.path, flags, PRIVATE);
    try {
      const status = await file.stat();
      if (!status.isFile()) {
        throw new Error(`${this.path} is no regular file`);
      }
      this.#size = status.size;
    } catch (error) {
      await file.close();
      throw error;
    }
    const before = this.#file;
    this.#file = file;
    await before?.close();
  }

  /** A crash in between leaves a gap among the older files, which the next rotation fills. */
  async #rotate(): Promise<void> {
    const { kept } = this.#options;
    await rm(`${this.path}.${kept}`, { force: true });
    for (let number = Math.min(this.#older, kept - 1); number >= 0; number--) {
      const from = number === 0 ? this.path : `${this.path}.${number}`;
      await rename(from, `${this.path}.${number + 1}`);
    }
    this.#older = Math.min(this.#older + 1, kept);
    await this.#open();
  }
}

const sizeOf = (lines: readonly string[]) =>
  lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
