// Changes that are planned together, as a link has them, and roles that forms propose.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePlans, plansText } from '../../src/webui/locations/plans.ts';
import { Cluster } from '../../src/webui/store/cluster.ts';
import { knownRoles, topRoles } from '../../src/webui/store/known-roles.ts';
import { FrameworkRow } from '../../src/webui/store/rows.ts';

test('plans are what was planned, up to so many, and any text is some', () => {
  const query = fc.dictionary(fc.string(), fc.string());
  fc.assert(
    fc.property(fc.array(query, { maxLength: 7 }), (plans) => {
      expect(parsePlans(plansText(plans))).toEqual(plans);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(parsePlans(text).every((plan) => typeof plan === 'object')).toBe(true);
    }),
  );
  expect(plansText([])).toBe('');
  expect(parsePlans(undefined)).toEqual([]);
  expect(parsePlans('[{"a":"b"},{"a":1},["x"],null,"y"]')).toEqual([{ a: 'b' }]);
  const many = Array.from({ length: 9 }, (_, at) => ({ role: String(at) }));
  expect(parsePlans(plansText(many))).toEqual(many.slice(2));
});

test('roles are proposed with those above them', () => {
  const cluster = new Cluster();
  const framework = (id: string, roles: readonly string[]) =>
    cluster.frameworks.set(id, Object.assign(new FrameworkRow(), { id, roles }));
  framework('f', ['eng/web/front', '*']);
  framework('g', ['eng/web', 'ops']);
  expect(knownRoles(cluster)).toEqual(['*', 'eng', 'eng/web', 'eng/web/front', 'ops']);
  expect(topRoles(cluster)).toEqual(['*', 'eng', 'ops']);
});
