// An instance of the module that has trapped is lost: its state may be half changed. Every further
// call on it answers with the same error, so that its owner makes a new one.

/**
 * The module trapped: a bug of it, or its memory cannot grow any more. No `CoreError`, which is the
 * caller's fault and leaves the state as it was: after a trap the state is gone.
 */
export class CoreTrap extends Error {
  readonly code = 'TRAP';
  /** The export in which it happened. */
  readonly exportName: string;

  constructor(exportName: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`The scheduler core trapped in ${exportName}: ${why}`, { cause });
    this.name = 'CoreTrap';
    this.exportName = exportName;
  }
}

/** A core that traps so often within so long does not do so by chance: the process should end. */
export const TOO_MANY_TRAPS = { most: 3, withinMs: 60_000 } as const;

type Call = (...args: number[]) => number;

/** What the owner of guarded exports hears of. */
export interface Calls {
  /** A call begins that is none of READING. */
  begun(): void;
  lost(trap: CoreTrap): void;
}

/** Exports that leave everything where it is, the offers of a run too. */
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
 * The exports with every call guarded. Once one has trapped, all are replaced by functions that
 * throw the same error, so that no call has to look first.
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
 * A module without imports throws nothing but traps, the engine's stack overflow among them. No
 * export has more than seven arguments, and those that one does not have are dropped on the way in.
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
