// An instance of the module that has trapped is lost: its state may be half changed. Every later
// call on it throws the same error, so that its owner makes a new one.
import { errorText } from '../model/error-text.ts';

/**
 * The module trapped: it has a bug, or its memory cannot grow any more. The state is lost, unlike
 * with a `CoreError`, which is the caller's fault and changes nothing.
 */
export class CoreTrap extends Error {
  readonly code = 'TRAP';
  /** The export that trapped. */
  readonly exportName: string;

  constructor(exportName: string, cause: unknown) {
    super(`The scheduler core trapped in ${exportName}: ${errorText(cause)}`, { cause });
    this.name = 'CoreTrap';
    this.exportName = exportName;
  }
}

/**
 * A core that traps this often within this time does not trap by chance: the process should end.
 */
export const TOO_MANY_TRAPS = { most: 3, withinMs: 60_000 } as const;

type Call = (...args: number[]) => number;

/** What guarded exports tell their owner. */
export interface Calls {
  /** A call begins, of an export that is not in READING. */
  begun(): void;
  lost(trap: CoreTrap): void;
}

/** Exports that move nothing in memory, not even the offers of a run. */
const READING: ReadonlySet<string> = new Set([
  'countFilters',
  'hasPending',
  'stateSize',
  'offersAt',
  'inverseOffersAt',
  'inverseOfferCount',
  'leafFrameworkOf',
  'leafRoleOf',
]);

/**
 * The exports with a guard around every call. When one has trapped, functions that throw the same
 * error replace them all, so that no call has to check first.
 */
export function guardedExports(
  exports: WebAssembly.Exports,
  calls: Calls,
): Record<string, WebAssembly.ExportValue> {
  const guarded: Record<string, WebAssembly.ExportValue> = {};
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value !== 'function') {
      guarded[name] = value;
      continue;
    }
    const begun = READING.has(name) ? () => {} : () => calls.begun();
    guarded[name] = guard(value as Call, begun, (error) => {
      const trap = new CoreTrap(name, error);
      const refuse = () => {
        throw trap;
      };
      for (const [each, current] of Object.entries(guarded)) {
        if (typeof current === 'function') {
          guarded[each] = refuse;
        }
      }
      calls.lost(trap);
      return trap;
    });
  }
  return guarded;
}

/**
 * Guards one export. A module without imports throws nothing but traps, of which the engine's stack
 * overflow is one. No export has more than seven arguments; WebAssembly ignores those that an
 * export does not have.
 */
function guard(call: Call, begun: () => void, trapped: (error: unknown) => CoreTrap): Call {
  return (a, b, c, d, e, f, g) => {
    begun();
    try {
      return call(
        a as number,
        b as number,
        c as number,
        d as number,
        e as number,
        f as number,
        g as number,
      );
    } catch (error) {
      throw trapped(error);
    }
  };
}
