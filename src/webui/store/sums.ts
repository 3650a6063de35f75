// What tasks take, added up for the eye: the page decides nothing by it. In thousandths, as
// integers, so that what is added and taken away again leaves nothing.

import type { Resource, TaskState } from '../../model/generated/messages.ts';
import { isTerminal, taskStateCount } from '../../model/task-state.ts';
import type { Seen } from './shapes.ts';

/** The resources that have columns of their own, in the order of `Amounts`. */
export const AMOUNT_NAMES = ['cpus', 'mem', 'disk', 'gpus'] as const;

/** Thousandths of cpus, of megabytes of memory, of disk, and of GPUs. */
export type Amounts = [cpus: number, mem: number, disk: number, gpus: number];

export const noAmounts = (): Amounts => [0, 0, 0, 0];

export const milliOf = (amount: number): number => Math.round(amount * 1000);

/** Of each name in all roles together. */
export function amountsOf(resources: readonly Seen<Resource>[] | undefined): Amounts {
  const amounts = noAmounts();
  for (const { name, scalar: amount } of resources ?? []) {
    const index = AMOUNT_NAMES.indexOf(name as (typeof AMOUNT_NAMES)[number]);
    if (index >= 0) {
      amounts[index] = (amounts[index] ?? 0) + milliOf(amount?.value ?? 0);
    }
  }
  return amounts;
}

/** Of each name the most that any of them has. */
export function greatestOf(all: readonly Readonly<Amounts>[]): Amounts {
  const most = noAmounts();
  for (const amounts of all) {
    for (let index = 0; index < most.length; index++) {
      most[index] = Math.max(most[index] ?? 0, amounts[index] ?? 0);
    }
  }
  return most;
}

/** Tasks by state, and what those that have not ended take. */
export class Sums {
  readonly byState: number[] = new Array<number>(taskStateCount).fill(0);
  readonly amounts = noAmounts();

  /** `sign` is -1 to take it away again. */
  add(state: TaskState, amounts: Amounts, sign: 1 | -1): void {
    this.byState[state] = (this.byState[state] ?? 0) + sign;
    if (!isTerminal(state)) {
      for (let index = 0; index < AMOUNT_NAMES.length; index++) {
        this.amounts[index] = (this.amounts[index] ?? 0) + sign * (amounts[index] ?? 0);
      }
    }
  }

  count(states: readonly TaskState[]): number {
    return states.reduce<number>((sum, state) => sum + (this.byState[state] ?? 0), 0);
  }

  get live(): number {
    let live = 0;
    for (const [state, count] of this.byState.entries()) {
      live += isTerminal(state as TaskState) ? 0 : count;
    }
    return live;
  }
}
