// Names of images: what they mean, and that none leads elsewhere than to the image it names.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContainerizerError } from '../../../../src/containerizer/containerizer-error.ts';
import {
  canonicalName,
  parseReference,
} from '../../../../src/containerizer/images/formats/reference.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

const parts = (text: string) => {
  const { registry, repository, tag, digest } = parseReference(text);
  return [registry, repository, tag, digest];
};

test.each<[string, (string | undefined)[]]>([
  ['busybox', [undefined, 'busybox', undefined, undefined]],
  ['busybox:1.36', [undefined, 'busybox', '1.36', undefined]],
  ['library/busybox', [undefined, 'library/busybox', undefined, undefined]],
  ['localhost/a', ['localhost', 'a', undefined, undefined]],
  ['localhosts/a', [undefined, 'localhosts/a', undefined, undefined]],
  ['localhost:5000/a/b:c', ['localhost:5000', 'a/b', 'c', undefined]],
  ['quay.io/a', ['quay.io', 'a', undefined, undefined]],
  ['[::1]:5000/a', ['[::1]:5000', 'a', undefined, undefined]],
  [`a@${DIGEST}`, [undefined, 'a', undefined, DIGEST]],
  [`host:1/a:b@${DIGEST}`, ['host:1', 'a', 'b', DIGEST]],
  ['host:1/a', ['host:1', 'a', undefined, undefined]],
  ['Upper/Case', [undefined, 'Upper/Case', undefined, undefined]],
  ['a__b/c.d-e', [undefined, 'a__b/c.d-e', undefined, undefined]],
])('%s', (text, expected) => {
  expect(parts(text)).toEqual(expected);
});

test.each<[string, RegExp]>([
  ['', /no name of a repository/],
  [':tag', /no name of a repository/],
  ['base:', /a tag has 1 to 128/],
  [`base:${'t'.repeat(129)}`, /a tag has 1 to 128/],
  ['base:-x', /a tag has 1 to 128/],
  ['a@b@c', /Multiple '@' symbols/],
  ['a@sha256:12', /after '@' there must be 'sha256:'/],
  [`a@${DIGEST.toUpperCase()}`, /after '@'/],
  ['a/../b', /each part of a repository/],
  ['../b', /is no host/],
  ['./b', /is no host/],
  ['a//b', /each part of a repository/],
  ['a/', /each part of a repository/],
  ['/a', /each part of a repository/],
  ['a b', /each part of a repository/],
  ['a?x=1', /each part of a repository/],
  ['a%2e%2e', /each part of a repository/],
  ['http://host/a', /is no host/],
  ['me:pw@host.example/a', /after '@'/],
  ['host.example:0/a', /is no host/],
  ['host.example:65536/a', /is no host/],
  ['1.2.3.4.5/a', /is no host/],
  ['host.example/', /no name of a repository/],
  ['a'.repeat(256), /at most 255 characters/],
  ['ünï', /each part of a repository/],
  ['a\nb', /Failed to parse docker image 'a\ufffdb'/],
])('%j is refused, with the reason', (text, why) => {
  expect(() => parseReference(text)).toThrow(ContainerizerError);
  expect(() => parseReference(text)).toThrow(why);
});

describe('whatever the name', () => {
  const pieces = fc.constantFrom(
    ...['a', 'B', '9', '.', '..', '/', ':', '@', '-', '_', '%2f', '?', '#', '\\', '\0', 'ü'],
    ...['localhost', 'host.example', '5000', DIGEST],
  );
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
    fc
      .array(fc.constantFrom('a', 'B.9', '1.2.3.4.5', 'c:d', '..', 'e@f'))
      .map((all) => all.join('/')),
  );

  test('it is refused, or asks the registry it names for what lies below /v2', () => {
    let accepted = 0;
    fc.assert(
      fc.property(names, (text) => {
        let reference: ReturnType<typeof parseReference>;
        try {
          reference = parseReference(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ContainerizerError);
          return;
        }
        accepted++;
        const { registry = 'usual.example', repository, tag = 'latest', digest } = reference;
        const path = `/v2/${repository}/manifests/${digest ?? tag}`;
        const url = new URL(`http://${registry}${path}`);
        expect(url.pathname).toBe(path);
        expect([url.username, url.password, url.search, url.hash]).toEqual(['', '', '', '']);
        expect(parseReference(canonicalName(reference)).repository).toBe(repository);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

test('names of one image have one canonical name', () => {
  const name = (text: string) => canonicalName(parseReference(text));
  expect(name('a')).toBe(name('a:latest'));
  expect(name(`a:x@${DIGEST}`)).toBe(name(`a@${DIGEST}`));
  expect(name('host.example/a')).not.toBe(name('a'));
});
