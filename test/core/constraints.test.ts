import { expect, test } from 'vitest';
import { compileConstraints } from '../../src/core/constraints.ts';
import { Regexes } from '../../src/core/regexes.ts';
import type { OfferConstraints } from '../../src/model/generated/messages.ts';

const limits = { maxMemoryBytes: 4096, maxProgramSize: 100 };

const matching = (...patterns: readonly string[]): OfferConstraints => ({
  role_constraints: {
    a: {
      groups: [
        {
          attribute_constraints: patterns.map((regex) => ({
            selector: { attribute_name: 'rack' },
            predicate: { text_matches: { regex } },
          })),
        },
      ],
    },
  },
});

const errorOf = (constraints: OfferConstraints, regexes = new Regexes(limits)) => {
  const compiled = compileConstraints(constraints, regexes);
  return compiled.ok ? undefined : compiled.why;
};

test('a framework has a thousand constraints, and no more', () => {
  const patterns = Array.from({ length: 1001 }, (_, index) => `(x+x+)+y${index}`);
  expect(errorOf(matching(...patterns.slice(1)))).toBeUndefined();
  expect(errorOf(matching(...patterns))).toBe(
    'A framework may have at most 1000 attribute constraints in all',
  );
  const exists: OfferConstraints = {
    role_constraints: Object.fromEntries(
      patterns.map((role) => [
        role,
        {
          groups: [
            {
              attribute_constraints: [
                { selector: { attribute_name: 'rack' }, predicate: { exists: {} } },
              ],
            },
          ],
        },
      ]),
    ),
  };
  expect(errorOf(exists)).toContain('at most 1000 attribute constraints in all');
});

test('texts of constraints have a size in all', () => {
  expect(errorOf(matching('x'.repeat(300_000)))).toBe(
    'Attribute constraints may have at most 262144 characters of text in all',
  );
});

// Each of these takes seconds to compile, alone or all together.
test.each([
  ['x{1000}'.repeat(500), 'Regexes are too complex together'],
  ['((x{10}){10}){10}'.repeat(200), 'Regexes are too complex together'],
  ['x{1000}'.repeat(10), 'much larger than maximum of 100'],
  ['(?i)[\\x{41}-\\x{1e900}]'.repeat(300), 'Regexes are too complex together'],
])('%.20s… is refused before it is compiled', (pattern, why) => {
  expect(errorOf(matching(pattern))).toContain(why);
});

test('regexes that are small by themselves must not cost much together', () => {
  const patterns = Array.from({ length: 500 }, (_, index) => `${'\\pL'.repeat(20)}${index}`);
  expect(errorOf(matching(...patterns))).toContain('Regexes are too complex together');
});

test.each([
  '\\Qx{1000}\\E',
  'rack-[0-9]{1,3}',
  '(us|eu)-(east|west)-\\d{1,2}',
  'a{,5}',
  '[]x{1000}]+',
])('%s is taken', (pattern) => expect(errorOf(matching(pattern))).toBeUndefined());

test('a pattern is compiled once, however often it is named', () => {
  const regexes = new Regexes(limits);
  const first = regexes.compile('rack-[0-9]+');
  expect(regexes.compile('rack-[0-9]+')).toBe(first);
  expect(first.ok && first.value('rack-7') && !first.value('rack-x')).toBe(true);
});
