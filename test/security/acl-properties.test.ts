// ACLs against the matrices of Mesos's documentation, written down once more and plainly: which
// rule matches a request, and what the first that matches allows. And JSON that is none of them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TextError } from '../../src/model/value-text.ts';
import { aclFields } from '../../src/security/acl-kinds.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import type { Action } from '../../src/security/authorizer.ts';

type Entity = { type: 'ANY' } | { type: 'NONE' } | { values: string[] };

const NAMES = ['a', 'b', 'c'];
const ROLES = ['a', 'b', 'a/b', 'a/b/c', 'a/%', 'a/b/%'];

const entity = (names: readonly string[]): fc.Arbitrary<Entity> =>
  fc.oneof(
    fc.constant<Entity>({ type: 'ANY' }),
    fc.constant<Entity>({ type: 'NONE' }),
    fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((values) => ({
      values,
    })),
  );

const kindOf = (entity: Entity) => ('values' in entity ? 'SOME' : entity.type);

/** Rows: what the request is about, one name or any. Columns: what the rule is about. */
const matches = (name: string | undefined, entity: Entity, isNamed: (v: string) => boolean) =>
  ({ ANY: true, NONE: true, SOME: name !== undefined && named(entity, isNamed) })[kindOf(entity)];
const allows = (name: string | undefined, entity: Entity, isNamed: (v: string) => boolean) =>
  ({ ANY: true, NONE: false, SOME: name !== undefined && named(entity, isNamed) })[kindOf(entity)];

const named = (entity: Entity, isNamed: (value: string) => boolean) =>
  'values' in entity && entity.values.some(isNamed);

interface Rule {
  principals: Entity;
  users?: Entity;
  roles?: Entity;
}

function expected(
  rules: readonly Rule[],
  permissive: boolean,
  principal: string | undefined,
  object: string,
): boolean {
  for (const { principals, users, roles } of rules) {
    const objects = users ?? roles ?? { type: 'NONE' };
    const isPrincipal = (value: string) => value === principal;
    const isObject = (value: string) =>
      roles !== undefined && value.endsWith('/%')
        ? object.startsWith(`${value.slice(0, -2)}/`)
        : value === object;
    if (matches(principal, principals, isPrincipal) && matches(object, objects, isObject)) {
      return allows(principal, principals, isPrincipal) && allows(object, objects, isObject);
    }
  }
  return permissive;
}

const principal = fc.option(fc.constantFrom(...NAMES), { nil: undefined });

test('users: the first rule that matches decides', () => {
  const rules = fc.array(fc.record({ principals: entity(NAMES), users: entity(NAMES) }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(rules, fc.boolean(), principal, fc.constantFrom(...NAMES), (...of) => {
      const [run_tasks, permissive, value, user] = of;
      const authorizer = aclAuthorizer(parseAcls({ permissive, run_tasks }));
      const subject = value === undefined ? undefined : { value };
      expect(authorizer.authorize(subject, 'RUN_TASK', { framework: { user, name: 'f' } })).toBe(
        expected(run_tasks, permissive, value, user),
      );
    }),
  );
});

test('roles: also by all that is below one', () => {
  const rules = fc.array(fc.record({ principals: entity(NAMES), roles: entity(ROLES) }), {
    maxLength: 4,
  });
  const role = fc.constantFrom(...ROLES.filter((it) => !it.endsWith('%')), 'aa', 'a/bb');
  fc.assert(
    fc.property(rules, fc.boolean(), principal, role, (view_roles, permissive, value, role) => {
      const authorizer = aclAuthorizer(parseAcls({ permissive, view_roles }));
      const subject = value === undefined ? undefined : { value };
      expect(authorizer.authorize(subject, 'VIEW_ROLE', { value: role })).toBe(
        expected(view_roles, permissive, value, role),
      );
    }),
  );
});

const FIELDS = Object.values(aclFields).flat();
const ACTIONS = Object.keys(aclFields) as Action[];

/** What a hand, or a program, might have written in place of ACLs. */
const almost = fc.dictionary(
  fc.oneof(fc.constantFrom(...FIELDS, 'permissive', '__proto__', 'constructor'), fc.string()),
  fc.oneof(
    fc.jsonValue(),
    fc.array(
      fc.dictionary(
        fc.constantFrom('principals', 'users', 'roles', 'paths', 'agents', '__proto__', 'logs'),
        fc.oneof(fc.jsonValue(), entity([...ROLES, '/containers', '', '%']), fc.boolean()),
      ),
    ),
  ),
);

describe('JSON of any form', () => {
  test.each([
    ['any value', fc.jsonValue()],
    ['what looks like lists', almost],
  ])('%s is taken, and answers every question, or is refused with a reason', (_, values) => {
    fc.assert(
      fc.property(values, (value) => {
        let acls: ReturnType<typeof parseAcls>;
        try {
          // As from a file: no object has any other prototype, and no value is undefined.
          acls = parseAcls(JSON.parse(JSON.stringify(value)));
        } catch (error) {
          expect(error).toBeInstanceOf(TextError);
          expect((error as Error).message.length).toBeLessThan(1_000);
          return;
        }
        const { authorize, explain } = aclAuthorizer(acls);
        for (const action of ACTIONS) {
          expect(authorize({ value: 'a' }, action, { value: 'a' })).toBeTypeOf('boolean');
          expect(explain?.(undefined, action)).toBeTypeOf('string');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('names of any length are refused shortly, and soon', () => {
    const long = 'x'.repeat(1_000_000);
    for (const acls of [
      { [long]: [] },
      { run_tasks: [{ [long]: {}, principals: { type: 'ANY' }, users: { type: 'ANY' } }] },
      { view_roles: [{ principals: { type: 'ANY' }, roles: { values: [`${long}%`] } }] },
      { get_endpoints: [{ principals: { type: 'ANY' }, paths: { values: [long] } }] },
    ]) {
      expect(() => parseAcls(acls)).toThrow(/^.{10,400}$/);
    }
  });
});
