import { expect, test } from 'vitest';
import { repeatedKey } from '../../src/model/repeated-key.ts';

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['[{"b":{"a":1}},{"b":{"a":1,"c":[],"a":{}}}]', 'a'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{"__proto__":1, "__proto__" : 2}', '__proto__'],
  ['{"a\\"b":1,"a\\"b":2}', 'a"b'],
  ['{"":1,"":2}', ''],
])('%s has %j twice', (json, key) => {
  expect(repeatedKey(json)).toBe(key);
});

test.each([
  '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
  '{"a":"\\"a\\":","b":"{\\"a\\":1"}',
  '["a","a","a"]',
  '{"a":["b","b"],"b":"a"}',
  '7',
])('%s has no key twice', (json) => {
  expect(repeatedKey(json)).toBeUndefined();
});
