// Access control lists in the form of Mesos's local authorizer: for every kind of action a list of
// rules, each naming principals and objects. The first rule that is about the principal and the
// object decides; where there is none, `permissive` decides.
import { closestName } from '../model/closest-name.ts';
import { roleError } from '../model/role.ts';
import { TextError } from '../model/value-text.ts';
import { AUTHORIZED_PATHS } from './access-tables.ts';
import { ALL_KINDS, anything, KINDS, type Kind, PARENTS } from './acl-kinds.ts';
import type { AuthorizationObject, Authorizer } from './authorizer.ts';
import type { Principal } from './principal.ts';

/** Principals or objects that a rule is about: some (`values`), any, or none. */
interface Entity {
  readonly type: 'SOME' | 'ANY' | 'NONE';
  readonly values: readonly string[];
}

interface Rule {
  readonly principals: Entity;
  readonly objects: Entity;
}

export interface Acls {
  readonly permissive: boolean;
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
}

/**
 * Reads the JSON of --acls. Throws TextError where it is no list, or has a rule that can never
 * apply.
 */
export function parseAcls(value: unknown): Acls {
  if (!isObject(value)) {
    throw new TextError('expected an object of lists of rules');
  }
  const { permissive = true, ...lists } = value;
  if (typeof permissive !== 'boolean') {
    throw new TextError('permissive must be true or false');
  }
  const rules = new Map<string, Rule[]>();
  for (const [field, list] of Object.entries(lists)) {
    const kind = ALL_KINDS.find(({ fields }) => fields.includes(field));
    if (kind === undefined) {
      const meant = closestName(
        field.slice(0, MAX_SHOWN),
        ALL_KINDS.flatMap(({ fields }) => fields),
      );
      const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`;
      throw new TextError(`there is no action '${shown(field)}'${hint}`);
    }
    if (!Array.isArray(list)) {
      throw new TextError(`${field} must be a list of rules`);
    }
    rules.set(
      field,
      list.map((rule) => parseRule(field, kind, rule)),
    );
  }
  return { permissive, rules };
}

function parseRule(field: string, kind: Kind, rule: unknown): Rule {
  if (!isObject(rule)) {
    throw new TextError(`a rule of ${field} must be an object`);
  }
  refuseOthers(`a rule of ${field}`, rule, ['principals', kind.objects]);
  const objects = parseEntity(`${kind.objects} of ${field}`, rule[kind.objects]);
  if (kind.objectOf === anything && objects.type === 'SOME') {
    // A rule that names objects would never match: the action has no particular object.
    throw new TextError(`${kind.objects} of ${field} must be of type ANY or NONE`);
  }
  const path = objects.values.find((it) => !AUTHORIZED_PATHS.includes(it));
  if (kind === KINDS.GET_ENDPOINT_WITH_PATH && path !== undefined) {
    throw new TextError(
      `paths of ${field} names '${shown(path)}': lists can be about ${AUTHORIZED_PATHS.join(', ')}`,
    );
  }
  const role = kind.isRole && objects.values.find((it) => !isRoleOrBelow(it));
  if (typeof role === 'string') {
    throw new TextError(
      `roles of ${field} names '${shown(role)}': expected a role, or as in 'eng/%'`,
    );
  }
  return { principals: parseEntity(`principals of ${field}`, rule.principals), objects };
}

function isRoleOrBelow(value: string): boolean {
  const role = value.replace(/\/%$/, '');
  return !role.includes('%') && roleError(role) === undefined;
}

function parseEntity(what: string, value: unknown): Entity {
  if (!isObject(value)) {
    throw new TextError(`${what} are missing: {"values": […]} or {"type": "ANY"}`);
  }
  refuseOthers(what, value, ['type', 'values']);
  const { type = 'SOME', values = [] } = value;
  const isKnown = type === 'SOME' || type === 'ANY' || type === 'NONE';
  const isTexts = Array.isArray(values) && values.every((entry) => typeof entry === 'string');
  if (!isKnown || !isTexts) {
    throw new TextError(`${what} must have a type SOME, ANY or NONE, and texts as values`);
  }
  if (type === 'SOME' && values.length === 0) {
    throw new TextError(`${what} name nothing: {"values": […]}, {"type": "ANY"} or "NONE"`);
  }
  return { type, values: type === 'SOME' ? (values as string[]) : [] };
}

/**
 * Refuses unknown fields: a misspelt field would leave its rules without effect, and nothing
 * protected.
 */
function refuseOthers(what: string, object: object, fields: readonly string[]): void {
  const other = Object.keys(object).find((key) => !fields.includes(key));
  if (other !== undefined) {
    throw new TextError(`${what} may have ${fields.join(' and ')}, not '${shown(other)}'`);
  }
}

/** The most characters of a name that an error tells. */
const MAX_SHOWN = 100;

const shown = (name: string) => (name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What decides about a request, by the words in which the audit log names it. */
interface Decision {
  readonly allowed: boolean;
  /** A rule by its list and place in it, as `run_tasks[0]`. */
  readonly rule: string;
}

/** A rule, and the words that name it. */
interface NamedRule extends Rule {
  readonly name: string;
}

/** An authorizer that decides by the lists. */
export function aclAuthorizer(acls: Acls): Authorizer {
  const byKind = new Map(ALL_KINDS.map((kind) => [kind, rulesOf(acls, kind)] as const));
  const decide = (
    principal: Principal | undefined,
    action: keyof typeof KINDS,
    object: AuthorizationObject,
  ): Decision => {
    if (principal !== undefined && principal.value === undefined) {
      return NAMELESS;
    }
    let decision = acls.permissive ? ALLOWED : DENIED;
    for (const kind of [KINDS[action], PARENTS[action]]) {
      if (kind !== undefined && kind.isIdle?.(object) !== true) {
        decision = decideByKind(acls, kind, byKind.get(kind) ?? [], principal?.value, object);
        if (!decision.allowed) {
          break;
        }
      }
    }
    return decision;
  };
  return {
    authorize: (principal, action, object = {}) => decide(principal, action, object).allowed,
    explain: (principal, action, object = {}) => decide(principal, action, object).rule,
  };
}

const rulesOf = ({ rules }: Acls, { fields }: Kind): NamedRule[] =>
  fields.flatMap((field) =>
    (rules.get(field) ?? []).map((rule, place) => ({ ...rule, name: `${field}[${place}]` })),
  );

const ALLOWED: Decision = { allowed: true, rule: 'permissive: true' };
const DENIED: Decision = { allowed: false, rule: 'permissive: false' };

/** Rules are about names. A principal that has only claims is not one without authentication. */
const NAMELESS: Decision = { allowed: false, rule: 'a principal without a name' };

/** A framework with several roles may register if it may with each of them. */
function decideByKind(
  acls: Acls,
  kind: Kind,
  rules: readonly NamedRule[],
  principal: string | undefined,
  object: AuthorizationObject,
): Decision {
  let decision = acls.permissive ? ALLOWED : DENIED;
  if (rules.length === 0) {
    return decision;
  }
  for (const name of kind.objectOf(object) ?? [undefined]) {
    decision = decideOne(acls, rules, principal, name, kind.isRole);
    if (!decision.allowed) {
      break;
    }
  }
  return decision;
}

function decideOne(
  acls: Acls,
  rules: readonly NamedRule[],
  principal: string | undefined,
  object: string | undefined,
  isRole = false,
): Decision {
  const rule = rules.find(
    ({ principals, objects }) =>
      isAbout(principals, principal, false) && isAbout(objects, object, isRole),
  );
  if (rule === undefined) {
    return acls.permissive ? ALLOWED : DENIED;
  }
  const allowed = allows(rule.principals, principal, false) && allows(rule.objects, object, isRole);
  return { allowed, rule: rule.name };
}

/**
 * Whether a rule is about the name: ANY and NONE are about every name, SOME about those it lists.
 */
function isAbout(entity: Entity, name: string | undefined, isRole: boolean): boolean {
  return entity.type !== 'SOME' || (name !== undefined && names(entity, name, isRole));
}

function allows(entity: Entity, name: string | undefined, isRole: boolean): boolean {
  switch (entity.type) {
    case 'ANY':
      return true;
    case 'NONE':
      return false;
    case 'SOME':
      return name !== undefined && names(entity, name, isRole);
    default:
      return entity.type satisfies never;
  }
}

function names({ values }: Entity, name: string, isRole: boolean): boolean {
  return values.some(
    (value) =>
      value === name || (isRole && value.endsWith('/%') && name.startsWith(value.slice(0, -1))),
  );
}
