// The folder of a batch's results, and the journal with which an interrupted batch goes on.
//
//   journal.jsonl    what was begun: the batch, the framework's id, agents, every attempt
//   results.jsonl    a line for every task that has ended and is not run again
//   tasks/N-NAME/    stdout and stderr of task N
import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { FlagError } from '../flags/parse.ts';
import type { AgentPlace } from './agents.ts';
import { type Attempt, safeName } from './batch.ts';
import { type Fields, makeFolder, readLines } from './stored-lines.ts';
import { type BatchTask, refuseLines } from './task-file.ts';

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
  /** Seconds since 1970, by the agent's clock. */
  readonly ended: number | null;
  /** Paths relative to the folder of results; null where the output could not be fetched. */
  readonly stdout: string | null;
  readonly stderr: string | null;
}

/** A line of results.jsonl: for people, tasks count from 1. */
export type ResultLine = Omit<Result, 'index'> & { readonly number: number };

const stored = ({ index, ...result }: Result): string =>
  `${JSON.stringify({ number: index + 1, ...result } satisfies ResultLine)}\n`;

/** Earlier versions wrote the index, from 0. */
function recalled(line: ResultLine | Result): Result {
  if ('index' in line) {
    return line;
  }
  const { number, ...result } = line;
  return { index: number - 1, ...result };
}

type Entry =
  | {
      readonly type: 'batch';
      readonly version: 1 | 2;
      /** The digest of all tasks, for journals in which tasks have no entries of their own. */
      readonly hash: string;
      readonly tasks: number;
    }
  /** The identity of a task; a later entry with the same index replaces it. */
  | ({ readonly type: 'task'; readonly index: number } & Identity)
  | { readonly type: 'framework'; readonly id: string }
  | ({ readonly type: 'agent' } & AgentPlace)
  | ({ readonly type: 'attempt' } & Attempt)
  /** A failed attempt that is followed by another. */
  | { readonly type: 'failure'; readonly index: number }
  /** The task's result is dropped, and the task runs again as if it had never failed. */
  | { readonly type: 'again'; readonly index: number }
  /** All tasks have results, and the framework is removed. */
  | { readonly type: 'ended' };

/**
 * What identifies a task, to find out whether the file has changed since the batch began.
 * Constraints and amounts are no part of it: they may be corrected while the batch goes on. Of
 * fields that may be secret it has only a digest.
 */
interface Identity {
  readonly name: string;
  readonly command: string;
  readonly role: string;
  readonly retries: number;
  readonly env: string;
  /** Absent where it has none. */
  readonly image?: string;
}

const PARTS = ['name', 'command', 'role', 'retries', 'env', 'image'] as const;

/** What the lines of the journal have. */
const ENTRY_FIELDS: Readonly<Record<Entry['type'], Fields>> = {
  batch: { version: 'number', hash: 'string', tasks: 'number' },
  task: {
    index: 'number',
    name: 'string',
    command: 'string',
    role: 'string',
    retries: 'number',
    env: 'string',
  },
  framework: { id: 'string' },
  agent: { agentId: 'string', hostname: 'string' },
  attempt: { index: 'number', number: 'number', taskId: 'string', agentId: 'string' },
  failure: { index: 'number' },
  again: { index: 'number' },
  ended: {},
};

const RESULT_FIELDS: Fields = { name: 'string', task_id: 'string', state: 'string' };

/** Types that are not known are of a later version, which the entry of the batch tells. */
const entryFields = ({ type }: Partial<Entry>): Fields =>
  type !== undefined && Object.hasOwn(ENTRY_FIELDS, type) ? ENTRY_FIELDS[type] : { type: 'string' };

const resultFields = (line: Partial<ResultLine & Result>): Fields => ({
  ...RESULT_FIELDS,
  [line.index === undefined ? 'number' : 'index']: 'number',
});

type BatchEntry = Extract<Entry, { type: 'batch' }>;

export interface JournalOptions {
  /** The file of the tasks, for messages. */
  readonly file?: string;
  /** The line of each task in its file, for messages; by default one task for each line. */
  readonly lines?: () => readonly number[];
  /** Drops the results of failed tasks. */
  readonly rerunFailed?: boolean;
}

export class Journal {
  readonly folder: string;
  readonly #journal: number;
  readonly #results: number;
  frameworkId: string | undefined;
  readonly agents: AgentPlace[] = [];
  readonly attempts: Attempt[] = [];
  /** Task ids of attempts that are over. */
  readonly over = new Set<string>();
  readonly failures = new Map<number, number>();
  readonly results = new Map<number, Result>();
  readonly #identities = new Map<number, Identity>();

  /**
   * Opens the folder of an earlier run, which had the same tasks or the first of them, or a new
   * folder. With `rerunFailed`, failed tasks may have changed. Throws FlagError.
   */
  constructor(folder: string, tasks: readonly BatchTask[], options: JournalOptions = {}) {
    this.folder = folder;
    makeFolder(join(folder, 'tasks'));
    const journalFile = join(folder, 'journal.jsonl');
    const resultsFile = join(folder, 'results.jsonl');
    let known = 0;
    for (const entry of readLines<Entry>(journalFile, entryFields)) {
      this.#recall(entry, tasks);
      known = entry.type === 'batch' ? entry.tasks : known;
    }
    for (const result of readLines<ResultLine | Result>(resultsFile, resultFields).map(recalled)) {
      this.results.set(result.index, result);
    }
    this.#refuseUnknownResults();
    const mended = this.#refuseOthers(tasks, options);
    this.#journal = openSync(journalFile, 'a');
    // Stored before the results of changed tasks are dropped: until then these tasks have failed,
    // and can be run again.
    this.#identify([...mended, ...tasks.slice(known)]);
    if (options.rerunFailed) {
      this.#dropFailures(resultsFile);
    }
    if (known < tasks.length) {
      this.#write({ type: 'batch', version: 2, hash: hashOf(tasks, 2), tasks: tasks.length });
    }
    this.#results = openSync(resultsFile, 'a');
  }

  /**
   * Each attempt is stored before its result. A journal that lacks one has lost lines: what else
   * was begun is not known then, nor whether the tasks are still the same.
   */
  #refuseUnknownResults(): void {
    const begun = new Map(this.attempts.map(({ taskId, index }) => [taskId, index]));
    const unknown = [...this.results.values()].filter(
      ({ task_id, index }) => begun.get(task_id) !== index,
    );
    const [first] = unknown;
    if (first !== undefined) {
      const more = unknown.length > 1 ? `, and of ${unknown.length - 1} more` : '';
      throw new FlagError(
        `${this.folder}: results.jsonl has the result of task ${first.index + 1} (${first.name})${more}, ` +
          'of which journal.jsonl does not know that it was begun: one of the two files is not whole. ' +
          'Put the right one back, or move the whole folder away to start over',
      );
    }
  }

  /** A crash between the two writes does no harm: as long as there is a result, it counts. */
  #dropFailures(resultsFile: string): void {
    const failed = [...this.results.values()].filter(({ state }) => state !== 'TASK_FINISHED');
    for (const { index } of failed) {
      this.#write({ type: 'again', index });
      this.#runAgain(index);
      this.results.delete(index);
    }
    fsyncSync(this.#journal);
    const kept = [...this.results.values()].map(stored);
    writeFileSync(`${resultsFile}.new`, kept.join(''), { flush: true });
    renameSync(`${resultsFile}.new`, resultsFile);
  }

  /**
   * Throws for tasks that have changed, except failed ones that are run again: it returns these.
   */
  #refuseOthers(
    tasks: readonly BatchTask[],
    { rerunFailed, lines, file }: JournalOptions,
  ): BatchTask[] {
    const mended: BatchTask[] = [];
    const wrong: string[] = [];
    let numbers: readonly number[] | undefined;
    for (const task of tasks) {
      const before = this.#identities.get(task.index);
      const now = identityOf(task);
      const changed =
        before === undefined ? [] : PARTS.filter((part) => before[part] !== now[part]);
      const result = this.results.get(task.index);
      const hasFailed = result !== undefined && result.state !== 'TASK_FINISHED';
      if (changed.length > 0 && hasFailed && rerunFailed) {
        mended.push(task);
      } else if (changed.length > 0) {
        numbers ??= lines?.() ?? [];
        const line = numbers[task.index] ?? task.index + 1;
        const differs = changed.length === 1 ? 'differs' : 'differ';
        wrong.push(
          `${file === undefined ? '' : `${file}: `}line ${line}: ${changed.join(', ')} ${differs} from the earlier run; only constraints and amounts may ` +
            `change${hasFailed ? ', or with --rerun_failed all of it, for it has failed' : ''}`,
        );
      }
    }
    if (wrong.length > 0) {
      wrong.unshift(othersError(this.folder));
      refuseLines(wrong);
    }
    return mended;
  }

  /**
   * Whether the journal is that of these tasks. Tasks with entries of their own are compared one by
   * one.
   */
  #areOf({ version, hash, tasks: count }: BatchEntry, tasks: readonly BatchTask[]): boolean {
    return this.#identities.size >= count || hash === hashOf(tasks.slice(0, count), version);
  }

  #identify(tasks: readonly BatchTask[]): void {
    const entries = tasks.map(
      (task): Entry => ({
        type: 'task',
        index: task.index,
        ...identityOf(task),
      }),
    );
    if (entries.length > 0) {
      writeSync(this.#journal, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    }
  }

  #runAgain(index: number): void {
    this.failures.delete(index);
    const attempt = this.attempts.findLast((one) => one.index === index);
    if (attempt !== undefined) {
      this.over.add(attempt.taskId);
    }
  }

  /** Whether an earlier run left something here. */
  get isResumed(): boolean {
    return this.frameworkId !== undefined;
  }

  framework(id: string): void {
    if (this.frameworkId !== id) {
      this.frameworkId = id;
      this.#write({ type: 'framework', id });
    }
  }

  /** The master has removed the framework: the next id is a new framework's. */
  forget(): void {
    this.frameworkId = undefined;
  }

  /**
   * The framework has ended with all its tasks: tasks that are added later belong to another
   * framework.
   */
  end(): void {
    this.forget();
    this.#write({ type: 'ended' });
  }

  /**
   * Stores attempts and agents before the master hears of them, so that no attempt is ever
   * forgotten.
   */
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

  /** Stores a result before its update is acknowledged: until then the agent repeats the update. */
  finish(result: Result): void {
    this.results.set(result.index, result);
    writeSync(this.#results, stored(result));
  }

  /** The folder for a task's output, created when first asked for. */
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

  #recall(entry: Entry, tasks: readonly BatchTask[]): void {
    switch (entry.type) {
      case 'batch':
        if (entry.version > 2) {
          throw new FlagError(
            `${this.folder} was written by a later version (${entry.version}) of this program`,
          );
        }
        if (tasks.length < entry.tasks || !this.#areOf(entry, tasks)) {
          throw new FlagError(othersError(this.folder));
        }
        return;
      case 'task':
        this.#identities.set(entry.index, entry);
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
      case 'again':
        this.#runAgain(entry.index);
        return;
      case 'ended':
        this.frameworkId = undefined;
        return;
      default:
        entry satisfies never;
    }
  }

  #write(entry: Entry): void {
    writeSync(this.#journal, `${JSON.stringify(entry)}\n`);
  }
}

const othersError = (folder: string) =>
  `${folder} holds the results of other tasks (rows may be added at the end, not changed or taken away): ` +
  'choose another folder with --results=…';

function identityOf({ name, command, role, retries, env, image }: BatchTask): Identity {
  const isPlain = Object.keys(env).length === 0;
  return {
    name,
    command: digestOf(command),
    role,
    retries,
    env: isPlain ? '' : digestOf(JSON.stringify(env)),
    ...(image !== undefined && { image }),
  };
}

const digestOf = (text: string) => hash('sha256', text).slice(0, 16);

/** In version 1 the digest included amounts. */
function hashOf(tasks: readonly BatchTask[], version: 1 | 2): string {
  const plain = tasks.map(({ constraints: _, ...task }) => {
    if (version === 1) {
      return task;
    }
    const { cpus: _c, mem: _m, disk: _d, gpus: _g, ...work } = task;
    return work;
  });
  return createHash('sha256').update(JSON.stringify(plain)).digest('hex');
}
