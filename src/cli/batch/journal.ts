// The folder of a batch's results, and what it remembers so that an interrupted batch can go on.
//
//   journal.jsonl    what was begun: the batch, the framework's id, agents, every attempt
//   results.jsonl    one line for every task that has ended for good
//   tasks/N-NAME/    stdout and stderr of task N
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { FlagError } from '../flags/parse.ts';
import type { AgentPlace } from './agents.ts';
import { type Attempt, safeName } from './batch.ts';
import type { BatchTask } from './task-file.ts';

export interface Result {
  readonly index: number;
  readonly name: string;
  readonly task_id: string;
  readonly state: string;
  readonly exit_status: number | null;
  readonly signal: string | null;
  readonly message: string;
  readonly attempts: number;
  readonly agent: string;
  /** Seconds since 1970, as the agent's clock had it. */
  readonly ended: number | null;
  /** Paths from the folder of the results; null when the output could not be fetched. */
  readonly stdout: string | null;
  readonly stderr: string | null;
}

type Entry =
  | { readonly type: 'batch'; readonly version: 1; readonly hash: string; readonly tasks: number }
  | { readonly type: 'framework'; readonly id: string }
  | ({ readonly type: 'agent' } & AgentPlace)
  | ({ readonly type: 'attempt' } & Attempt)
  /** An attempt that failed, and is followed by another. */
  | { readonly type: 'failure'; readonly index: number };

export class Journal {
  readonly folder: string;
  readonly #journal: number;
  readonly #results: number;
  frameworkId: string | undefined;
  readonly agents: AgentPlace[] = [];
  readonly attempts: Attempt[] = [];
  readonly failures = new Map<number, number>();
  readonly results = new Map<number, Result>();

  /** Opens the folder of an earlier run of the same tasks, or a new one. Throws FlagError. */
  constructor(folder: string, tasks: readonly BatchTask[]) {
    this.folder = folder;
    mkdirSync(join(folder, 'tasks'), { recursive: true });
    const journalFile = join(folder, 'journal.jsonl');
    const resultsFile = join(folder, 'results.jsonl');
    const hash = hashOf(tasks);
    const entries = readLines<Entry>(journalFile);
    for (const entry of entries) {
      this.#recall(entry, hash);
    }
    for (const result of readLines<Result>(resultsFile)) {
      this.results.set(result.index, result);
    }
    this.#journal = openSync(journalFile, 'a');
    this.#results = openSync(resultsFile, 'a');
    if (entries.length === 0) {
      this.#write({ type: 'batch', version: 1, hash, tasks: tasks.length });
    }
  }

  /** True when an earlier run left something here. */
  get isResumed(): boolean {
    return this.frameworkId !== undefined;
  }

  framework(id: string): void {
    if (this.frameworkId !== id) {
      this.frameworkId = id;
      this.#write({ type: 'framework', id });
    }
  }

  /** The master does not know the framework any more: the next id is a new one's. */
  forget(): void {
    this.frameworkId = undefined;
  }

  /** Before the master hears of them: what was begun is never forgotten. */
  begin(attempts: readonly Attempt[], agents: readonly AgentPlace[]): void {
    const entries: Entry[] = [
      ...agents.map((agent) => ({ type: 'agent', ...agent }) as const),
      ...attempts.map((attempt) => ({ type: 'attempt', ...attempt }) as const),
    ];
    const lines = entries.map((entry) => JSON.stringify(entry));
    if (lines.length > 0) {
      writeSync(this.#journal, `${lines.join('\n')}\n`);
    }
  }

  fail(index: number): void {
    this.#write({ type: 'failure', index });
  }

  /** Before its update is acknowledged: until then the agent repeats it. */
  finish(result: Result): void {
    this.results.set(result.index, result);
    writeSync(this.#results, `${JSON.stringify(result)}\n`);
  }

  /** The folder for what a task prints, made when it is first asked for. */
  outputFolder(task: BatchTask): string {
    const path = join('tasks', `${task.index + 1}-${safeName(task.name)}`);
    mkdirSync(join(this.folder, path), { recursive: true });
    return path;
  }

  close(): void {
    for (const descriptor of [this.#journal, this.#results]) {
      fsyncSync(descriptor);
      closeSync(descriptor);
    }
  }

  #recall(entry: Entry, hash: string): void {
    switch (entry.type) {
      case 'batch':
        if (entry.hash !== hash) {
          throw new FlagError(
            `${this.folder} holds the results of other tasks: choose another folder with --results=…`,
          );
        }
        return;
      case 'framework':
        this.frameworkId = entry.id;
        return;
      case 'agent': {
        const { type: _, ...agent } = entry;
        this.agents.push(agent);
        return;
      }
      case 'attempt':
        this.attempts.push(entry);
        return;
      case 'failure':
        this.failures.set(entry.index, (this.failures.get(entry.index) ?? 0) + 1);
        return;
      default:
        entry satisfies never;
    }
  }

  #write(entry: Entry): void {
    writeSync(this.#journal, `${JSON.stringify(entry)}\n`);
  }
}

/** Where tasks may run is no part of what they are: constraints can be mended on the way. */
function hashOf(tasks: readonly BatchTask[]): string {
  const plain = tasks.map(({ constraints: _, ...task }) => task);
  return createHash('sha256').update(JSON.stringify(plain)).digest('hex');
}

/** A last line that was cut short by a crash is taken off: what it said was never relied on. */
function readLines<T>(file: string): T[] {
  if (!existsSync(file)) {
    appendFileSync(file, '');
    return [];
  }
  const text = readFileSync(file, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) {
    truncateSync(file, Buffer.byteLength(whole));
  }
  try {
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T);
  } catch {
    throw new FlagError(`${file} is damaged: move it away to start over`);
  }
}
