// Turns decisions about requests into the lines of the audit log (--audit_log): every decision on a
// call that changes something, what reads have denied, and who was not believed. What was allowed
// has a line of its own, at once; what was denied, and is alike, is told together.
import { type Asking, type AuditEntry, auditEntry, type Disbelief } from '../../security/audit.ts';
import type { Action, AuthorizationObject, Authorizer } from '../../security/authorizer.ts';
import { Denials, type ToldDenial } from './denials.ts';
import { Disbeliefs, type ToldDisbelief } from './disbeliefs.ts';

/** Where a request comes from: an IP address, or the pid that a message names. */
type Origin = string | undefined;

interface AuditorOptions {
  readonly authorizer: Authorizer;
  readonly nowMs: () => number;
  /** Keeps a line; never waits. */
  readonly write: (line: string) => void;
}

/** The rules of lines that count those who have none of their own. */
const OTHERS = 'not believed, as others of this second';
const MORE_DENIED = 'denied, as many others';

/**
 * Characters that JSON may have as they are, and with which a name could move a terminal's cursor,
 * turn its direction of writing round, or end a line for some readers.
 */
const UNSEEN = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string) =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #denials = new Denials((told) => this.#tellDenial(told));
  readonly #disbeliefs = new Disbeliefs((told) => this.#tellDisbelief(told));

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
          this.#denials.add({ principal: principal?.value, call, action, origin }, () =>
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
    const { principal, call, action, count } = entry;
    if (entry.allowed) {
      this.#writeEntry(entry, origin);
    } else {
      this.#denials.add({ principal, call, action, origin }, () => entry, count);
    }
  }

  #tellDenial({ entry, principal, origin, count: all }: ToldDenial): void {
    const count = all === 1 ? undefined : all;
    if (entry === undefined) {
      this.#write({ principal, address: origin, allowed: false, rule: MORE_DENIED, count });
    } else {
      this.#writeEntry({ ...entry, count }, origin);
    }
  }

  #writeEntry(entry: AuditEntry, origin: Origin): void {
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
    this.#denials.flush();
  }
}

/** The authorizer for the reads of one request, whether they are audited or not. */
export const readAuthorizer = (
  authorizer: Authorizer,
  auditor: Auditor | undefined,
  call: string,
  origin: Origin,
): Authorizer => auditor?.reader(call, origin) ?? authorizer;
