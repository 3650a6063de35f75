// What the audit log keeps of a decision, and the object that it was about in words. Texts are cut:
// a line has a bound, whatever a stranger calls himself.

import { frameworkRoles } from '../model/capabilities.ts';
import type { Action, AuthorizationObject, Authorizer } from './authorizer.ts';
import type { Principal } from './principal.ts';

/** A decision, and the call that it was about. */
export interface AuditEntry {
  readonly principal?: string | undefined;
  /** The call, message or endpoint. */
  readonly call: string;
  readonly action: Action;
  /** The first of them. */
  readonly object?: AuditObject | undefined;
  /** A few of those that come next. */
  readonly moreObjects?: readonly AuditObject[] | undefined;
  readonly allowed: boolean;
  /** What decided, on the first one: a rule by its list and place, or `permissive`. */
  readonly rule: string;
  /** How many objects were decided on alike. Absent: one. */
  readonly count?: number | undefined;
}

/** The most objects that a line tells of. */
export const MAX_OBJECTS = 4;

/** The effect by which a state machine tells the audit log of a decision. */
export interface Audit {
  readonly type: 'audit';
  readonly entry: AuditEntry;
  /** Where it was asked from: an IP address, or the pid of a message. */
  readonly origin?: string | undefined;
}

/** Somebody was not believed to be who he says, and nothing was decided about what he asked for. */
export interface Disbelief {
  /** Who he has proved to be, where he speaks as another one all the same. */
  readonly principal?: string | undefined;
  /** Who he says that he is. */
  readonly claimed?: string | undefined;
  readonly call: string;
  readonly object?: AuditObject | undefined;
  readonly why: string;
}

/** The effect by which a state machine tells the audit log of a disbelief. */
export interface AuditDisbelief {
  readonly type: 'auditDisbelief';
  readonly disbelief: Disbelief;
  readonly origin?: string | undefined;
}

/** With its texts cut, but for the call, which is ours. */
export const disbelief = ({ principal, claimed, call, object, why }: Disbelief): Disbelief => ({
  principal: principal && cut(principal),
  claimed: claimed && cut(claimed),
  call,
  object:
    object &&
    Object.fromEntries(Object.entries(object).map(([name, text]) => [name, cut(text)] as const)),
  why: cut(why),
});

export type AuditObject = Readonly<Record<string, string>>;

/** The most characters of a text. */
const MAX_TEXT = 256;

const cut = (text: string) => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);

/** Who asks, and by which call. */
export interface Asking {
  readonly principal: Principal | undefined;
  readonly call: string;
}

/** The entry of one decision, which has been made already. */
export function auditEntry(
  authorizer: Authorizer,
  { principal, call }: Asking,
  action: Action,
  {
    object,
    allowed,
  }: { readonly object?: AuthorizationObject | undefined; readonly allowed: boolean },
): AuditEntry {
  return {
    principal: principal?.value === undefined ? undefined : cut(principal.value),
    call: cut(call),
    action,
    object: object && auditObject(action, object),
    allowed,
    rule: authorizer.explain?.(principal, action, object) ?? 'the authorizer',
  };
}

/** What names an object; undefined for one without a name. */
function auditObject(action: Action, object: AuthorizationObject): AuditObject | undefined {
  const { agent, containerId, framework, task, taskId, executor, command, resource, value } =
    object;
  const reservation = resource?.reservations?.at(-1);
  const parts: Record<string, string | undefined> = {
    value,
    agent,
    framework: framework?.id?.value ?? framework?.name,
    task: task?.task_id.value ?? taskId,
    executor: executor?.executor_id.value,
    container: containerId,
    roles:
      action === 'REGISTER_FRAMEWORK' && framework
        ? frameworkRoles(framework).join(', ')
        : undefined,
    framework_principal: action === 'TEARDOWN_FRAMEWORK' ? framework?.principal : undefined,
    user: command?.user ?? executor?.command?.user ?? framework?.user,
    resource: resource?.name,
    role: reservation?.role ?? resource?.role,
    reserver: reservation?.principal,
    volume: resource?.disk?.persistence?.id,
  };
  const known = Object.entries(parts).flatMap(([name, text]) =>
    text === undefined ? [] : [[name, cut(text)] as const],
  );
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

/** With one object more, as long as there is room for it. */
function moreObjects(
  { moreObjects: more = [] }: AuditEntry,
  action: Action,
  object: AuthorizationObject | undefined,
): Pick<AuditEntry, 'moreObjects'> {
  const next = more.length + 1 < MAX_OBJECTS && object && auditObject(action, object);
  return next ? { moreObjects: [...more, next] } : {};
}

/**
 * An authorizer for one read. What it denies it counts, by action: of a list with a thousand hidden
 * tasks there is one entry.
 */
export class WatchedReads implements Authorizer {
  readonly #authorizer: Authorizer;
  readonly #call: string;
  readonly #denied: Map<Action, AuditEntry>;

  /** `denied` is counted in. */
  constructor(authorizer: Authorizer, call: string, denied = new Map<Action, AuditEntry>()) {
    this.#authorizer = authorizer;
    this.#call = call;
    this.#denied = denied;
  }

  authorize(
    principal: Principal | undefined,
    action: Action,
    object?: AuthorizationObject,
  ): boolean {
    const allowed = this.#authorizer.authorize(principal, action, object);
    if (!allowed) {
      this.#count(principal, action, object);
    }
    return allowed;
  }

  /** What has been denied so far. */
  get denied(): readonly AuditEntry[] {
    return [...this.#denied.values()];
  }

  #count(principal: Principal | undefined, action: Action, object?: AuthorizationObject): void {
    const known = this.#denied.get(action);
    const asking = { principal, call: this.#call };
    this.#denied.set(
      action,
      known === undefined
        ? auditEntry(this.#authorizer, asking, action, { object, allowed: false })
        : { ...known, ...moreObjects(known, action, object), count: (known.count ?? 1) + 1 },
    );
  }
}
