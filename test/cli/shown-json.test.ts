import { expect, test } from 'vitest';
import { shownJson } from '../../src/cli/process/shown-json.ts';

test('messages of unversioned endpoints have no values of secrets', () => {
  const data = new TextEncoder().encode('hidden');
  const secret = { type: 2, value: { data } };
  expect(shownJson('Environment', { variables: [{ name: 'KEY', type: 2, secret }] })).toEqual({
    variables: [{ name: 'KEY', type: 'SECRET', secret: { type: 'VALUE' } }],
  });
});
