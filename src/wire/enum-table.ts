// The names of enumerations by number and back, as the generated codec uses them.
import type { EnumTable } from './message-type.ts';
import { WireError } from './wire-error.ts';

/**
 * Fields in which ignoring an unknown value would run a task otherwise than its framework meant:
 * less confined, with fewer capabilities, or checked where it does not listen. The rules of master
 * and agent refuse an unknown value of all others that say what a container gets, as missing.
 */
export const CONFINING: ReadonlySet<string> = new Set([
  'CapabilityInfo.capabilities',
  'HealthCheck_HTTPCheckInfo.protocol',
  'HealthCheck_TCPCheckInfo.protocol',
  'LinuxInfo.ipc_mode',
  'MountPropagation.mode',
]);

interface QuotedEnumTable extends EnumTable {
  /** The names, as JSON strings. */
  readonly quoted: readonly (string | undefined)[];
}

export function enumTable(values: readonly (readonly [string, number])[]): QuotedEnumTable {
  const names: (string | undefined)[] = [];
  for (const [name, number] of values) {
    // Where two names have one number, the name declared first is written.
    names[number] ??= name;
  }
  return {
    names,
    numbers: new Map(values),
    quoted: names.map((name) => (name === undefined ? undefined : `"${name}"`)),
  };
}

/** Refuses a number for which this version of the schema has no name. */
export function unknownEnum(value: number, field: string): never {
  throw new WireError(`Unknown enum value ${value} for field '${field}'`);
}
