// Amounts by name in the answers of EXPLAIN and PLAN. Compared and added in thousandths.
import type { Value_Scalar } from '../../model/generated/messages.ts';
import { fromMilli, toMilli } from '../../model/milli.ts';
import type { Quantities } from '../interface.ts';
import { ownValue } from '../own-value.ts';

const milliOf = (amounts: Quantities, name: string) => toMilli(ownValue(amounts, name) ?? 0);

export const isLess = (amounts: Quantities, name: string, needed: number) =>
  milliOf(amounts, name) < toMilli(needed);

export const sum = (left: Quantities, right: Quantities): Quantities => combine(left, right, 1);

/** Never below zero. */
export const rest = (whole: Quantities, part: Quantities): Quantities => combine(whole, part, -1);

function combine(left: Quantities, right: Quantities, sign: 1 | -1): Quantities {
  const result = Object.create(null) as Record<string, number>;
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const milli = milliOf(left, name) + sign * milliOf(right, name);
    if (milli > 0) {
      result[name] = fromMilli(milli);
    }
  }
  return result;
}

/** As a field of a message, sorted by name; absent where there is nothing. */
export function amountsField<Name extends string>(
  field: Name,
  amounts: Quantities,
): { readonly [Key in Name]?: Record<string, Value_Scalar> } {
  const names = Object.keys(amounts).sort();
  if (names.length === 0) {
    return {};
  }
  const scalars = Object.create(null) as Record<string, Value_Scalar>;
  for (const name of names) {
    scalars[name] = { value: ownValue(amounts, name) ?? 0 };
  }
  return { [field]: scalars } as { readonly [Key in Name]?: Record<string, Value_Scalar> };
}
