// The variables of a command.
import { expect, test } from 'vitest';
import { commandEnvironment } from '../../../src/containerizer/plan/command-line.ts';
import { Environment_Variable_Type, Secret_Type } from '../../../src/model/generated/messages.ts';

const environment = (data: Uint8Array) =>
  commandEnvironment({
    environment: {
      variables: [
        {
          name: 'KEY',
          type: Environment_Variable_Type.SECRET,
          secret: { type: Secret_Type.VALUE, value: { data } },
        },
      ],
    },
  });

test('a secret is the bytes that it was', () => {
  const secret = Buffer.from('\u{feff}pass wörd\n');
  expect(Buffer.from(environment(secret).KEY ?? '')).toEqual(secret);
});

test.each([
  ['a byte that is none', [0xff]],
  ['a character cut short', [0x61, 0xc3]],
  ['half a pair', [0xed, 0xa0, 0x80]],
])('a secret that is no text is refused by the name of its variable: %s', (_, bytes) => {
  expect(() => environment(Uint8Array.from(bytes))).toThrow(
    /^The secret of environment variable 'KEY' is not UTF-8/,
  );
});

test('more variables than a program can have are refused at once', () => {
  const variables = Array.from({ length: 10_001 }, (_, at) => ({ name: `V${at}`, value: '' }));
  expect(() => commandEnvironment({ environment: { variables } })).toThrow(
    'The command has 10001 environment variables: at most 10000 are expected',
  );
});
