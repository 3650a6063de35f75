import { expect, test } from 'vitest';
import { FlagError } from '../../src/cli/flags/faults.ts';
import { carriersFrom } from '../../src/cli/process/carriers.ts';
import { plainCarriers } from '../../src/http/transport/carriers.ts';

test('a program that is told to encrypt its connections opens none', () => {
  for (const value of ['1', 'true']) {
    expect(() => carriersFrom({ LIBPROCESS_SSL_ENABLED: value })).toThrow(FlagError);
  }
  for (const value of ['', '0', 'false']) {
    expect(carriersFrom({ LIBPROCESS_SSL_ENABLED: value })).toBe(plainCarriers);
  }
  expect(carriersFrom({})).toBe(plainCarriers);
});
