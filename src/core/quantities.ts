// Writes amounts by resource name - minimum offers and quotas - into the exchange buffer. All are
// checked first: a call refused half-way would leave a part of them in the module.
import { toMilli } from '../model/milli.ts';
import { BAD_AMOUNT } from './constants.ts';
import type { Quantities, Quota } from './interface.ts';
import { type CoreModule, statusError } from './module.ts';
import type { ResourceInterner } from './resource-interner.ts';

function milliByName(kinds: ResourceInterner, quantities: Quantities): Map<number, number> {
  const milli = new Map<number, number>();
  for (const [name, value] of Object.entries(quantities)) {
    const amount = toMilli(value);
    if (!(amount >= 0) || amount > Number.MAX_SAFE_INTEGER) {
      throw statusError(BAD_AMOUNT, name);
    }
    milli.set(kinds.name(name), amount);
  }
  return milli;
}

/** Writes guarantee and limit of every name; returns the number of names. */
export function writeQuota(module: CoreModule, kinds: ResourceInterner, quota: Quota): number {
  const guarantees = milliByName(kinds, quota.guarantees);
  const limits = milliByName(kinds, quota.limits);
  const names = kinds.names.length;
  module.reserve(names * 16);
  const { f64, io } = module;
  for (let name = 0; name < names; name++) {
    f64[(io >> 1) + name * 2] = guarantees.get(name) ?? 0;
    f64[(io >> 1) + name * 2 + 1] = limits.get(name) ?? -1;
  }
  return names;
}

/** Throws where an amount is not valid. */
export function checkMinimum(alternatives: readonly Quantities[]): void {
  for (const quantities of alternatives) {
    for (const [name, value] of Object.entries(quantities)) {
      const amount = toMilli(value);
      if (!(amount >= 0) || amount > Number.MAX_SAFE_INTEGER) {
        throw statusError(BAD_AMOUNT, name);
      }
    }
  }
}

/**
 * The alternatives with names as numbers and amounts in units. An amount of 0 asks for nothing and
 * is left out. Throws TOO_MANY where there is no number left for a new name.
 */
export function numberedMinimum(
  kinds: ResourceInterner,
  alternatives: readonly Quantities[],
): (readonly [name: number, units: number])[][] {
  return alternatives.map((quantities) =>
    Object.entries(quantities)
      .filter(([, value]) => toMilli(value) > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [kinds.name(name), toMilli(value) / 1000] as const),
  );
}

/** Writes the alternatives into the exchange buffer. */
export function writeMinimum(
  module: CoreModule,
  kinds: ResourceInterner,
  alternatives: readonly Quantities[],
): void {
  const lists = numberedMinimum(kinds, alternatives);
  module.reserve(8 + lists.reduce((bytes, list) => bytes + 8 + list.length * 16, 0));
  const { u32, f64, io } = module;
  u32[io] = 0;
  u32[io + 1] = lists.length;
  let at = io + 2;
  for (const list of lists) {
    u32[at] = list.length;
    u32[at + 1] = 0;
    at += 2;
    for (const [name, units] of list) {
      u32[at] = name;
      u32[at + 1] = 0;
      f64[(at >> 1) + 1] = units;
      at += 4;
    }
  }
}
