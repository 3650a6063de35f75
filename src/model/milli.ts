// Conversion of amounts: units in messages, thousandths where they are counted.
import type { Resource } from './generated/messages.ts';

/** Units to thousandths as Mesos rounds them. */
export const toMilli = (value: number) => Math.round(value * 1000);

/** Thousandths to units: the nearest number, so that 1118 is written as 1.118. */
export const fromMilli = (milli: number) => milli / 1000;

/** Units rounded to the nearest thousandth, which is what is counted. */
export const rounded = (value: number) => fromMilli(toMilli(value));

/**
 * The sum of all scalars of a name, in units; undefined where there is none. Only to judge, weigh
 * or show a list of resources: the core does all accounting.
 */
export function scalarAmount(resources: readonly Resource[], name: string): number | undefined {
  let milli: number | undefined;
  for (const resource of resources) {
    if (resource.name === name && resource.scalar !== undefined) {
      milli = (milli ?? 0) + toMilli(resource.scalar.value);
    }
  }
  return milli === undefined ? undefined : fromMilli(milli);
}
