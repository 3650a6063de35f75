// Turns decisions about requests into the lines of the audit log (--audit_log): every decision on a
// call that changes something, what reads have denied, and who was not believed. Denied reads that
// are alike - of one reader, call and action - are told together, a moment after the first.
import { type Asking, type AuditEntry, auditEntry, type Disbelief } from '../../security/audit.ts';
import type { Action, AuthorizationObject, Authorizer } from '../../security/authorizer.ts';
import { Disbeliefs, type ToldDisbelief } from './disbeliefs.ts';

/** Where a request comes from: an IP address, or the pid that a message names. */
type Origin = string | undefined;

interface AuditorOptions {
  readonly authorizer: Authorizer;
  readonly nowMs: () => number;
  /** Keeps a line; never waits. */
  readonly write: (line: string) => void;
}

/** How long denied reads are gathered. */
const GATHER_MS = 200;

/** How many different denied reads are gathered at most; they are told then. */
const MOST_GATHERED = 1_024;

/** The rule of a line that counts those who have none of their own. */
const OTHERS = 'not believed, as others of this second';

/**
 * Characters that JSON may have as they are, and with which a name could move a terminal's cursor,
 * turn its direction of writing round, or end a line for some readers.
 */
const UNSEEN = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

interface DeniedRead {
  readonly entry: AuditEntry;
  readonly origin: Origin;
  count: number;
}

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #denied = new Map<string, DeniedRead>();
  readonly #disbeliefs = new Disbeliefs((told) => this.#tellDisbelief(told));
  #timer: NodeJS.Timeout | undefined;

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
          const key = JSON.stringify([origin, principal?.value, call, action]);
          const known = this.#denied.get(key);
          if (known === undefined) {
            const asking = { principal, call };
            const entry = auditEntry(authorizer, asking, action, { object, allowed });
            this.#gather(key, { entry, origin, count: 1 });
          } else {
            known.count++;
          }
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

  /** Tells of a decision, or of several that are alike. */
  tell(entry: AuditEntry, origin: Origin): void {
    const { principal, call, action, object, allowed, rule, count } = entry;
    this.#write({ principal, address: origin, call, action, object, allowed, rule, count });
  }

  /** Tells of a caller or sender that is not who it says, within a second. */
  disbelieve(told: Disbelief, origin: Origin): void {
    this.#disbeliefs.add(told, origin);
  }

  #tellDisbelief({ disbelief: told, origin, count: all }: ToldDisbelief): void {
    const count = all === 1 ? undefined : all;
    const { principal, claimed, call, object, why: rule = OTHERS } = told ?? {};
    this.#write({ principal, claimed, address: origin, call, object, allowed: false, rule, count });
  }

  #write(line: object): void {
    const time = new Date(this.#options.nowMs()).toISOString();
    this.#options.write(JSON.stringify({ time, ...line }).replace(UNSEEN, escaped));
  }

  /** Tells of what has been gathered. */
  close(): void {
    this.#disbeliefs.flush();
    this.#closeReads();
  }

  #closeReads(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const denied = [...this.#denied.values()];
    this.#denied.clear();
    for (const { entry, origin, count } of denied) {
      this.tell(count === 1 ? entry : { ...entry, count }, origin);
    }
  }

  #gather(key: string, denied: DeniedRead): void {
    if (this.#denied.size >= MOST_GATHERED) {
      this.#closeReads();
    }
    this.#denied.set(key, denied);
    this.#timer ??= setTimeout(() => this.#closeReads(), GATHER_MS).unref();
  }
}

/** The authorizer for the reads of one request, whether they are audited or not. */
export const readAuthorizer = (
  authorizer: Authorizer,
  auditor: Auditor | undefined,
  call: string,
  origin: Origin,
): Authorizer => auditor?.reader(call, origin) ?? authorizer;
