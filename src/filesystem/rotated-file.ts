// A file that lines are added to, and that never grows beyond a bound: FILE is moved to FILE.1,
// that to FILE.2 and so on, and the oldest is removed. Nobody waits for the disk: lines wait here,
// as many as there is room for, and those beyond are dropped and counted.
import { constants } from 'node:fs';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';

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

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const PRIVATE = 0o600;
const LINE_END = 0x0a;

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
  /** Of the file, before what is being written. */
  #size = 0;
  /** Whether the file ends within a line: the disk was full then, or a process was killed. */
  #isTorn = false;
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
    await file.#countOlder();
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
      const untold = this.#untold;
      const told = untold > 0 ? [this.#options.tellDropped(untold)] : [];
      this.#waiting = [];
      const { whole, error } = await this.#write([...lines, ...told]);
      const written = Math.min(whole, lines.length);
      this.#written += written;
      this.#untold -= whole > lines.length ? untold : 0;
      if (error === undefined) {
        this.#trouble = '';
      } else {
        this.#drop(lines.length - written);
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

  /** How many lines are in the file as a whole, and what kept the others from it. */
  async #write(lines: readonly string[]): Promise<{ whole: number; error?: unknown }> {
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    let end = 0;
    try {
      await this.#prepare(bytes.length);
      while (this.#file !== undefined && end < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, end);
        end += bytesWritten;
        this.#isTorn = bytes[end - 1] !== LINE_END;
      }
      return { whole: lines.length };
    } catch (error) {
      return { whole: count(bytes.subarray(0, end), LINE_END), error };
    }
  }

  /** Sees to it that there is a file under the name, with room for so many bytes of whole lines. */
  async #prepare(bytes: number): Promise<void> {
    const status = await this.#file?.stat();
    this.#size = status?.size ?? 0;
    // One that somebody has deleted would take lines all the same, and nobody could read them.
    if (this.#isReopened || status === undefined || status.nlink === 0) {
      await this.#openAnew();
    }
    if (this.#size > 0 && bytes > 0 && this.#size + bytes > this.#options.maxFileBytes) {
      await this.#rotate();
    }
    if (this.#isTorn && bytes > 0) {
      await this.#file?.write('\n');
      this.#isTorn = false;
    }
  }

  async #openAnew(): Promise<void> {
    // Before it is opened: it may be asked for once more meanwhile.
    this.#isReopened = false;
    try {
      await this.#open();
    } catch (error) {
      this.#isReopened = true;
      throw error;
    }
  }

  async #open(): Promise<void> {
    const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
    const file = await open(this.path, flags, PRIVATE);
    try {
      const status = await file.stat();
      if (!status.isFile()) {
        throw new Error(`${this.path} is no regular file`);
      }
      const last = Buffer.from([LINE_END]);
      await file.read(last, 0, 1, Math.max(0, status.size - 1));
      this.#size = status.size;
      this.#isTorn = last[0] !== LINE_END;
    } catch (error) {
      await file.close();
      throw error;
    }
    const before = this.#file;
    this.#file = file;
    await before?.close();
  }

  /**
   * Moves each file on by one, up to the first number that is free: a crash in between, or somebody
   * who clears up, leaves a gap, and then nothing has to go.
   */
  async #rotate(): Promise<void> {
    await this.#countOlder();
    const last = Math.min(this.#older, this.#options.kept - 1);
    // Another hand may have moved the file away.
    for (let number = (await exists(this.path)) ? last : -1; number >= 0; number--) {
      const from = number === 0 ? this.path : `${this.path}.${number}`;
      await rename(from, `${this.path}.${number + 1}`);
    }
    await this.#countOlder();
    await this.#open();
  }

  async #countOlder(): Promise<void> {
    const { kept } = this.#options;
    let older = 0;
    while (older < kept && (await exists(`${this.path}.${older + 1}`))) {
      older++;
    }
    this.#older = older;
  }
}

const count = (bytes: Buffer, byte: number) =>
  bytes.reduce((sum, one) => sum + (one === byte ? 1 : 0), 0);

const sizeOf = (lines: readonly string[]) =>
  lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
