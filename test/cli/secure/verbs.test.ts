// What `secure VERB --help` shows.
import { expect, test } from 'vitest';
import { TLS_FLAGS } from '../../../src/cli/process/tls-flags.ts';
import { COMMAND } from '../../../src/cli/secure/command.ts';
import { SECURE_FLAGS } from '../../../src/cli/secure/flags.ts';
import { VERBS } from '../../../src/cli/secure/verbs.ts';

test('flags are shown with the verbs that they are about, which their help names', () => {
  const own = Object.entries(SECURE_FLAGS).filter(([name]) => !(name in TLS_FLAGS));
  const named = own.flatMap(([name, { help }]) => {
    const [, words = ''] = /^([a-z, ]+): /.exec(help) ?? [];
    const verbs = words.split(', ').filter(Boolean);
    return verbs.map((words) => `${words.split(' ')[0]} ${name}`);
  });
  const shown = Object.keys(VERBS).flatMap((verb) =>
    Object.keys(COMMAND.helpOf?.([verb, 'NAME'])?.flags ?? {})
      .filter((name) => name !== 'help' && !(name in TLS_FLAGS))
      .map((name) => `${verb} ${name}`),
  );
  expect(shown.toSorted()).toEqual(named.toSorted());
});

test('only check connects to anything', () => {
  const withTls = Object.keys(VERBS).filter(
    (verb) => 'ssl_enabled' in (COMMAND.helpOf?.([verb])?.flags ?? {}),
  );
  expect(withTls).toEqual(['check']);
  expect(COMMAND.helpOf?.([])).toBeUndefined();
});
