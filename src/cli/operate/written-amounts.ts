// Amounts of scalar resources as operators write and read them: `cpus:4;mem:1024`.
import type { Value_Scalar as Scalar } from '../../model/generated/messages.ts';
import { resourceParts } from '../../model/resource-text.ts';
import { parseValue, TextError } from '../../model/value-text.ts';
import { FlagError, readEach } from '../flags/faults.ts';

export type Amounts = Readonly<Record<string, Scalar>>;

/** Without any: no amounts. `what` begins errors. Throws FlagError about all that are wrong. */
export function readAmounts(what: string, text: string): Record<string, Scalar> {
  const amounts: Record<string, Scalar> = {};
  for (const [name, scalar] of readEach(resourceParts(text), (part) => amountOf(what, part))) {
    if (Object.hasOwn(amounts, name)) {
      throw new FlagError(`${what}: ${name} stands there twice`);
    }
    amounts[name] = scalar;
  }
  return amounts;
}

function amountOf(what: string, part: string): readonly [name: string, amount: Scalar] {
  const [, name, value] = /^([^:()\s]+)\s*:\s*(\S.*)$/s.exec(part) ?? [];
  const scalar = name === undefined ? undefined : scalarOf(value ?? '');
  if (name === undefined || scalar === undefined) {
    throw new FlagError(`${what}: expected amounts such as cpus:4;mem:1024, got '${part}'`);
  }
  return [name, scalar];
}

function scalarOf(text: string): Scalar | undefined {
  try {
    return parseValue(text).scalar;
  } catch (error) {
    if (error instanceof TextError) {
      return undefined;
    }
    throw error;
  }
}

/** As `readAmounts` reads it; `none` where there is nothing. */
export const writtenAmounts = (amounts: Amounts | undefined): string =>
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
