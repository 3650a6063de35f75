// Denied calls and reads on their way to the audit log. Whoever may connect can cause any number of
// them, so those that are alike are told together: soon for the first time, and then the less often
// the longer they go on. So nobody pushes what the log holds out of its files.
import type { AuditEntry } from '../../security/audit.ts';
import { addressIn } from '../transport/addresses.ts';

/** Denials that are alike: of one caller at one address, by the same call, for the same action. */
export interface ToldDenial {
  /** The first of them; undefined: they have no line of their own. */
  readonly entry: AuditEntry | undefined;
  readonly principal: string | undefined;
  readonly origin: string | undefined;
  readonly count: number;
}

/** Who asks for what, and from where. */
interface Asked {
  readonly principal: string | undefined;
  readonly call: string;
  readonly action: string;
  readonly origin: string | undefined;
}

/** How long the first ones are gathered; pauses are counted in it. */
const TICK_MS = 200;
/** How long the next ones are gathered: each time twice as long as before. */
const FIRST_PAUSE = 1_000 / TICK_MS;
const LONGEST_PAUSE = 64_000 / TICK_MS;
/** Without any for so long, the next one is a first one. */
const FORGOTTEN_AFTER = 600_000 / TICK_MS;

/** Kinds that are known at once, and those of one caller; what comes beyond is counted together. */
const MOST_KINDS = 1_024;
const MOST_OF_CALLER = 128;

interface Kind extends Pick<Asked, 'principal' | 'origin'> {
  /** Whose it is, for the bound. */
  readonly caller: string;
  readonly hasOwnLine: boolean;
  entry: AuditEntry | undefined;
  /** Those that are not told yet. */
  count: number;
  /** Ticks. */
  pause: number;
  wait: number;
  quiet: number;
}

export class Denials {
  readonly #tell: (told: ToldDenial) => void;
  readonly #kinds = new Map<string, Kind>();
  readonly #ofCaller = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (told: ToldDenial) => void) {
    this.#tell = tell;
  }

  /** `entryOf` is called for the first one of a line: most are only counted. */
  add(asked: Asked, entryOf: () => AuditEntry, count = 1): void {
    const kind = this.#kindOf(asked);
    if (kind.hasOwnLine) {
      kind.entry ??= entryOf();
    }
    kind.count += count;
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** Tells of what has been gathered, and begins anew. */
  flush(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const kinds = [...this.#kinds.values()];
    this.#kinds.clear();
    this.#ofCaller.clear();
    for (const kind of kinds) {
      this.#tellOf(kind);
    }
  }

  #kindOf({ principal, call, action, origin }: Asked): Kind {
    const address = origin === undefined ? '' : addressIn(origin);
    const key = JSON.stringify([address, principal, call, action]);
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      return known;
    }
    const caller = JSON.stringify(principal ?? [address]);
    const ofCaller = this.#ofCaller.get(caller) ?? 0;
    if (this.#kinds.size < MOST_KINDS && ofCaller < MOST_OF_CALLER) {
      this.#ofCaller.set(caller, ofCaller + 1);
      return this.#begin(key, { caller, principal, origin, hasOwnLine: true });
    }
    const rest = ofCaller === 0 ? 'rest' : `rest ${caller}`;
    return (
      this.#kinds.get(rest) ??
      this.#begin(rest, {
        caller,
        ...(ofCaller === 0
          ? { principal: undefined, origin: undefined }
          : { principal, origin: principal === undefined ? address : undefined }),
        hasOwnLine: false,
      })
    );
  }

  #begin(key: string, kind: Pick<Kind, 'caller' | 'principal' | 'origin' | 'hasOwnLine'>): Kind {
    const begun = { ...kind, entry: undefined, count: 0, pause: FIRST_PAUSE, wait: 1, quiet: 0 };
    this.#kinds.set(key, begun);
    return begun;
  }

  #tick(): void {
    for (const [key, kind] of this.#kinds) {
      kind.wait--;
      if (kind.count === 0) {
        kind.quiet++;
        if (kind.quiet >= FORGOTTEN_AFTER) {
          this.#forget(key, kind);
        }
      } else if (kind.wait <= 0) {
        this.#tellOf(kind);
        kind.wait = kind.pause;
        kind.pause = Math.min(kind.pause * 2, LONGEST_PAUSE);
      }
    }
    if (this.#kinds.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #tellOf(kind: Kind): void {
    const { entry, principal, origin, count } = kind;
    if (count > 0) {
      kind.entry = undefined;
      kind.count = 0;
      kind.quiet = 0;
      this.#tell({ entry, principal, origin, count });
    }
  }

  #forget(key: string, { caller, hasOwnLine }: Kind): void {
    this.#kinds.delete(key);
    const left = (this.#ofCaller.get(caller) ?? 0) - (hasOwnLine ? 1 : 0);
    if (left > 0) {
      this.#ofCaller.set(caller, left);
    } else {
      this.#ofCaller.delete(caller);
    }
  }
}
