// Turns decisions about requests into the lines of the audit log (--audit_log): every decision on a
// call that changes something, what reads have denied, and who was not believed. What was allowed
// has a line of its own, at once; what was denied, and is alike, is told together.
import { cutOrigin, ipIn } from '../../model/origin.ts';
import { type Gathered, Gatherer } from '../../runtime/gatherer.ts';
import {
  type Asking,
  type AuditEntry,
  type AuditObject,
  auditEntry,
  type Disbelief,
  disbelief,
  MAX_OBJECTS,
} from '../../security/audit.ts';
import type { Action, AuthorizationObject, Authorizer } from '../../security/authorizer.ts';

/** Where a request comes from: an IP address, or the pid that a message names. */
type Origin = string | undefined;

interface AuditorOptions {
  readonly authorizer: Authorizer;
  readonly nowMs: () => number;
  /** Keeps a line; never waits. */
  readonly write: (line: string) => void;
}

/** The rules of lines that count those who have none of their own. */
const OTHERS = 'not believed, as many others';
const MORE_DENIED = 'denied, as many others';

/**
 * Characters that JSON may have as they are, and with which a name could move a terminal's cursor,
 * turn its direction of writing round, or end a line for some readers.
 */
const UNSEEN = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Who asks: a principal, or who is at an address. */
interface Caller {
  readonly principal?: string | undefined;
  readonly address?: string | undefined;
}

interface Asked {
  readonly principal: string | undefined;
  readonly call: string;
  readonly action: Action;
  readonly origin: Origin;
}

interface Denial {
  readonly entry: AuditEntry;
  readonly origin: Origin;
}

interface Doubt {
  readonly told: Disbelief;
  readonly origin: Origin;
}

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #denials = new Gatherer<Denial, Caller>({
    tell: (gathered) => this.#tellDenials(gathered),
    mostItems: MAX_OBJECTS,
  });
  readonly #disbeliefs = new Gatherer<Doubt, Caller>({
    tell: (gathered) => this.#tellDisbeliefs(gathered),
    mostItems: 1,
  });

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  /** An authorizer for the reads of one request. */
  reader(call: string, origin: Origin): Authorizer {
    const { authorizer } = this.#options;
    return {
      authorize: (principal, action, object) => {
        const allowed = authorizer.authorize(principal, action, object);
        if (!allowed) {
          this.#denied({ principal: principal?.value, call, action, origin }, () =>
            auditEntry(authorizer, { principal, call }, action, { object, allowed }),
          );
        }
        return allowed;
      },
    };
  }

  /** Decides about a change, and tells of it. */
  decide(
    asking: Asking,
    action: Action,
    { object, origin }: { readonly object?: AuthorizationObject; readonly origin?: Origin } = {},
  ): boolean {
    const { authorizer } = this.#options;
    const allowed = authorizer.authorize(asking.principal, action, object);
    this.tell(auditEntry(authorizer, asking, action, { object, allowed }), origin);
    return allowed;
  }

  /** Tells of a decision, or of several that are alike: of what was allowed at once. */
  tell(entry: AuditEntry, origin: Origin): void {
    const { principal, call, action, object, allowed, rule, count } = entry;
    if (allowed) {
      const address = origin && cutOrigin(origin);
      this.#write({ principal, address, call, action, object, allowed, rule, count });
    } else {
      this.#denied({ principal, call, action, origin }, () => entry, count);
    }
  }

  #denied(
    { principal, call, action, origin: whole }: Asked,
    entryOf: () => AuditEntry,
    count?: number,
  ): void {
    const origin = whole && cutOrigin(whole);
    const address = origin && ipIn(origin);
    const caller = principal === undefined ? { address } : { principal };
    const what = JSON.stringify([address, call, action]);
    this.#denials.add(caller, what, () => ({ entry: entryOf(), origin }), count);
  }

  #tellDenials({ items, caller, count: all }: Gathered<Denial, Caller>): void {
    const [first] = items;
    const count = all === 1 ? undefined : all;
    const allowed = false;
    if (first === undefined) {
      this.#write({ ...caller, allowed, rule: MORE_DENIED, count });
      return;
    }
    const { principal, call, action, object, rule } = first.entry;
    const objects = count === undefined ? undefined : objectsOf(items);
    this.#write({
      ...{ principal, address: first.origin, call, action },
      ...(objects === undefined ? { object } : { objects }),
      ...{ allowed, rule, count },
    });
  }

  /** Tells of a caller or sender that is not who it says, soon. */
  disbelieve(told: Disbelief, whole: Origin): void {
    const cut = disbelief(told);
    const origin = whole && cutOrigin(whole);
    const caller = { address: origin && ipIn(origin) };
    this.#disbeliefs.add(caller, JSON.stringify(cut), () => ({ told: cut, origin }));
  }

  #tellDisbeliefs({ items, caller, count: all }: Gathered<Doubt, Caller>): void {
    const [first] = items;
    const count = all === 1 ? undefined : all;
    const { principal, claimed, call, object, why: rule = OTHERS } = first?.told ?? {};
    const address = first === undefined ? caller?.address : first.origin;
    this.#write({ principal, claimed, address, call, object, allowed: false, rule, count });
  }

  #write(line: object): void {
    const time = new Date(this.#options.nowMs()).toISOString();
    this.#options.write(JSON.stringify({ time, ...line }).replace(UNSEEN, escaped));
  }

  /** Tells of what has been gathered. */
  close(): void {
    this.#disbeliefs.flush();
    this.#denials.flush();
  }
}

/** The first of them that differ; undefined where they have no names. */
function objectsOf(items: readonly Denial[]): readonly AuditObject[] | undefined {
  const all = items.flatMap(({ entry: { object, moreObjects = [] } }) =>
    object === undefined ? [] : [object, ...moreObjects],
  );
  const different = new Map(all.map((object) => [JSON.stringify(object), object]));
  return all.length === 0 ? undefined : [...different.values()].slice(0, MAX_OBJECTS);
}

/** The authorizer for the reads of one request, whether they are audited or not. */
export const readAuthorizer = (
  authorizer: Authorizer,
  auditor: Auditor | undefined,
  call: string,
  origin: Origin,
): Authorizer => auditor?.reader(call, origin) ?? authorizer;
