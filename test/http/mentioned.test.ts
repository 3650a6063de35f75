import { expect, test } from 'vitest';
import { Mentioned } from '../../src/http/server/mentioned.ts';

test('what was mentioned is not new, as long as it is among the last thousand', () => {
  const mentioned = new Mentioned();
  expect(mentioned.isNew('first')).toBe(true);
  expect(mentioned.isNew('first')).toBe(false);
  for (let count = 0; count < 999; count++) {
    expect(mentioned.isNew(`other ${count}`)).toBe(true);
  }
  expect(mentioned.isNew('first')).toBe(false);
  expect(mentioned.isNew('one more')).toBe(true);
  expect(mentioned.isNew('first')).toBe(true);
  expect(mentioned.isNew('one more')).toBe(false);
});
