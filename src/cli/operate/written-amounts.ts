// Amounts of scalar resources as operators read them: `cpus:4;mem:1024`, which is also how they are
// written.
import type { Value_Scalar } from '../../model/generated/messages.ts';

/** `none` where there is nothing. */
export const writtenAmounts = (
  amounts: Readonly<Record<string, Value_Scalar>> | undefined,
): string =>
  writtenNumbers(
    Object.fromEntries(Object.entries(amounts ?? {}).map(([name, { value }]) => [name, value])),
  ) || 'none';

/** Empty where there is nothing; what is no number has no place here. */
export const writtenNumbers = (amounts: Readonly<Record<string, unknown>> | undefined): string =>
  Object.entries(amounts ?? {})
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => `${name}:${value}`)
    .toSorted()
    .join(';');
