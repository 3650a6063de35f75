// The names of enumerations by number and back, as the generated codec uses them.
import type { EnumTable } from './message-type.ts';
import { WireError } from './wire-error.ts';

/** Fields of which an unknown value would run a task less confined than it was meant to be. */
export const CONFINING: ReadonlySet<string> = new Set(['ipc_mode']);

interface QuotedEnumTable extends EnumTable {
  /** The names as JSON strings. */
  readonly quoted: readonly (string | undefined)[];
}

export function enumTable(values: readonly (readonly [string, number])[]): QuotedEnumTable {
  const names: (string | undefined)[] = [];
  for (const [name, number] of values) {
    // Of two names for one number the first declared is written.
    names[number] ??= name;
  }
  return {
    names,
    numbers: new Map(values),
    quoted: names.map((name) => (name === undefined ? undefined : `"${name}"`)),
  };
}

/** Of a number that this version has no name for. */
export function unknownEnum(value: number, field: string): never {
  throw new WireError(`Unknown enum value ${value} for field '${field}'`);
}
