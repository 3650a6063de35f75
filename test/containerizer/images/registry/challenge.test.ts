// How servers want to know who asks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseChallenges } from '../../../../src/containerizer/images/registry/challenge.ts';

const parsed = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test.each<[string, unknown]>([
  ['Basic realm="a, \\"b\\""', [['basic', { realm: 'a, "b"' }]]],
  [
    'Bearer realm="https://auth.example/token",service="x y",scope="repository:a/b:pull,push"',
    [
      [
        'bearer',
        {
          realm: 'https://auth.example/token',
          service: 'x y',
          scope: 'repository:a/b:pull,push',
        },
      ],
    ],
  ],
  [
    'Negotiate, NTLM, Basic realm=x , charset="UTF-8", BEARER Realm = "y"',
    [
      ['negotiate', {}],
      ['ntlm', {}],
      ['basic', { realm: 'x', charset: 'UTF-8' }],
      ['bearer', { realm: 'y' }],
    ],
  ],
  [
    'Negotiate YII==, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  ['', []],
  ['=', []],
  ['Bearer realm="never closed', [['bearer', {}]]],
])('%s', (header, expected) => {
  expect(parsed(header)).toEqual(expected);
});

test('any header is read, and soon', () => {
  const pieces = fc.constantFrom('a', 'Basic', ' ', ',', '=', '"', '\\', '\\"', 'realm=', 'é');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (all) => {
      parseChallenges(all.join(''));
    }),
    { numRuns: 2000 },
  );
  for (const piece of ['a ', '\\"', 'a="', ' ', ',', 'a="\\'] as const) {
    expect(parseChallenges(piece.repeat(100_000)).length).toBeLessThan(20_000);
  }
});
