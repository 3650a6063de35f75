// Tasks that pass a filter, in an order: made once, and then kept as tasks change, so that a
// hundred thousand of them are not sorted again for each event.
import type { Changes } from './cluster.ts';
import type { TaskRow } from './rows.ts';

export interface TaskQuery {
  readonly passes: (task: TaskRow) => boolean;
  /** Below 0 where the first comes first. Rows that are equal by it are ordered by their ids. */
  readonly compare: (left: TaskRow, right: TaskRow) => number;
}

export class TaskList {
  rows: readonly TaskRow[];
  readonly #passes: TaskQuery['passes'];
  readonly #compare: TaskQuery['compare'];

  constructor(tasks: Iterable<TaskRow>, { passes, compare }: TaskQuery) {
    this.#passes = passes;
    this.#compare = (left, right) => compare(left, right) || byId(left, right);
    const rows: TaskRow[] = [];
    for (const task of tasks) {
      if (passes(task)) {
        rows.push(task);
      }
    }
    this.rows = rows.sort(this.#compare);
  }

  /** True where rows are others, or other rows, now. */
  update({ tasks, gone }: Changes): boolean {
    if (tasks.size === 0 && gone.size === 0) {
      return false;
    }
    const stay = this.rows.filter((task) => !tasks.has(task) && !gone.has(task));
    const come = [...tasks].filter((task) => !gone.has(task) && this.#passes(task));
    if (come.length === 0 && stay.length === this.rows.length) {
      return false;
    }
    this.rows = merged(stay, come.sort(this.#compare), this.#compare);
    return true;
  }
}

/** Of two lists in order. */
function merged(
  many: readonly TaskRow[],
  few: readonly TaskRow[],
  compare: TaskQuery['compare'],
): readonly TaskRow[] {
  const all: TaskRow[] = [];
  let at = 0;
  for (const next of few) {
    const place = placeOf(next, many, at, compare);
    for (; at < place; at++) {
      all.push(many[at] as TaskRow);
    }
    all.push(next);
  }
  for (; at < many.length; at++) {
    all.push(many[at] as TaskRow);
  }
  return all;
}

/** The first place from `from` on whose row comes after this one. */
function placeOf(
  task: TaskRow,
  rows: readonly TaskRow[],
  from: number,
  compare: TaskQuery['compare'],
): number {
  let [low, high] = [from, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(rows[middle] as TaskRow, task) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Texts by their code units, which is many times faster than by the rules of a language. */
export const byText = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;

const byId = (left: TaskRow, right: TaskRow) =>
  byText(left.id, right.id) || byText(left.frameworkId, right.frameworkId);
