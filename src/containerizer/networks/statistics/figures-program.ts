// The program that looks into network namespaces (supervisor/figures.c): one process for all
// questions of an agent, which begins with the first of them.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { errorText } from '../../../model/error-text.ts';
import { Fifo } from '../../../model/fifo.ts';

/** What can be asked of a namespace, and the letters for it. */
const LETTERS = {
  links: 'l',
  snmp: 's',
  sockets: 'k',
  times: 't',
  queues: 'q',
} as const;

export type FigureName = keyof typeof LETTERS;

/** Each as the kernel, or the program, writes it; empty where it is not told. */
export type FigureTexts = Readonly<Partial<Record<FigureName, string>>>;

/** The machine's own namespace. */
export const MACHINE = '';

/** From one answer to the next. */
const ANSWER_MS = 10_000;
/** The program has room for that. */
const MOST_BYTES = 1024 * 1024;

interface Question {
  readonly names: readonly FigureName[];
  readonly texts: Partial<Record<FigureName, string>>;
  readonly resolve: (texts: FigureTexts) => void;
  readonly reject: (error: Error) => void;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class FiguresProgram {
  readonly #program: string;
  readonly #limitMs: number;
  readonly #asked = new Fifo<Question>();
  #child: Child | undefined;
  #current: Question | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** What has come of an answer that is not whole yet. */
  #received: Buffer = Buffer.alloc(0);

  /** `program` is the path of the supervisor's. */
  constructor(program: string, limitMs = ANSWER_MS) {
    this.#program = program;
    this.#limitMs = limitMs;
  }

  /** `namespace` is the path of a file. Rejects where the program ends, or is too slow. */
  ask(namespace: string, names: readonly FigureName[]): Promise<FigureTexts> {
    const { promise, resolve, reject } = Promise.withResolvers<FigureTexts>();
    this.#asked.push({ names, texts: {}, resolve, reject });
    const child = this.#started();
    child.stdin.write(`${names.map((name) => LETTERS[name]).join('')} ${namespace}\0`);
    this.#next();
    return promise;
  }

  /** What was asked fails. */
  close(): void {
    this.#end('The agent ends');
  }

  #started(): Child {
    if (this.#child !== undefined) {
      return this.#child;
    }
    const child = spawn(this.#program, ['network-figures'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
    });
    this.#child = child;
    const lost = (why: string) => {
      if (this.#child === child) {
        this.#end(why);
      }
    };
    child.stdout.on('data', (data: Buffer) => {
      if (this.#child === child) {
        this.#take(data);
      }
    });
    child.on('error', (error) => lost(errorText(error)));
    child.on('close', (code, signal) => lost(`it ended with ${signal ?? `status ${code}`}`));
    // That it has ended is told by 'close'.
    child.stdin.on('error', () => undefined);
    child.unref();
    return child;
  }

  /** It keeps this process alive while it is asked. */
  #next(): void {
    if (this.#current !== undefined) {
      return;
    }
    this.#current = this.#asked.take();
    clearTimeout(this.#timer);
    if (this.#current === undefined) {
      this.#child?.unref();
      return;
    }
    this.#child?.ref();
    this.#timer = setTimeout(
      () => this.#end(`no answer within ${this.#limitMs / 1000} seconds`),
      this.#limitMs,
    );
  }

  #take(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
    while (this.#current !== undefined && this.#takeOne(this.#current)) {
      if (Object.keys(this.#current.texts).length === this.#current.names.length) {
        this.#current.resolve(this.#current.texts);
        this.#current = undefined;
        this.#next();
      }
    }
  }

  /** Whether one of its texts was whole. */
  #takeOne({ names, texts }: Question): boolean {
    const line = this.#received.indexOf('\n');
    const length = Number(this.#received.toString('latin1', 0, Math.max(0, line)));
    const end = line + 1 + length;
    if (length > MOST_BYTES || Number.isNaN(length)) {
      this.#end('its answer is none');
      return false;
    }
    if (line < 0 || this.#received.length < end) {
      return false;
    }
    const name = names[Object.keys(texts).length];
    if (name !== undefined) {
      texts[name] = this.#received.toString('latin1', line + 1, end);
    }
    this.#received = this.#received.subarray(end);
    return true;
  }

  #end(why: string): void {
    clearTimeout(this.#timer);
    const lost = [this.#current, ...this.#asked];
    this.#asked.clear();
    this.#current = undefined;
    this.#received = Buffer.alloc(0);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    for (const question of lost) {
      question?.reject(new Error(`Networks of containers cannot be looked at: ${why}`));
    }
  }
}
