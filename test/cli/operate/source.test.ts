import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { connectionSource } from '../../../src/cli/operate/connection/source.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = join(folder, 'config.toml');
writeFileSync(
  path,
  `context = "one"
[contexts.one]
master = "one:5050"
[contexts.two]
master = "two:5050"
secret = "s"
`,
);
const FILE = { MESOSCALE_CONFIG: path };
/** What could mix with a context. */
const OTHERS = { MESOS_MASTER: 'x:5050', MESOS_SECRET: 'x', LIBPROCESS_SSL_ENABLED: 'true' };

/** The context that holds, and which variables do beside it. */
const held = (argv: readonly string[], environment: Record<string, string>) => {
  const source = connectionSource(argv, { ...FILE, ...environment });
  const { MESOSCALE_CONFIG: _, MESOSCALE_CONTEXT: __, ...variables } = source.environment;
  return [source.preset?.context, Object.keys(variables)];
};

test.each([
  ['the chosen one, where nothing is said', [], {}, ['one', []]],
  ['none, where a variable names a master', [], OTHERS, [undefined, Object.keys(OTHERS)]],
  ['one that is asked for, without variables', ['--context=two'], OTHERS, ['two', []]],
  ['one of a variable, likewise', [], { ...OTHERS, MESOSCALE_CONTEXT: 'two' }, ['two', []]],
  [
    'none, where a master is written',
    ['--master=y:5050'],
    { MESOSCALE_CONTEXT: 'two' },
    [undefined, []],
  ],
  ['none of the words of a program', ['--', '--context=two'], {}, ['one', []]],
  ['nor variables of other flags', ['--context=two'], { MESOS_ROLE: 'r' }, ['two', ['MESOS_ROLE']]],
])('a context holds as a whole, or not at all: %s', (_, argv, environment, expected) => {
  expect(held(argv, environment)).toEqual(expected);
});

test('a context and a master are not mixed', () => {
  expect(() => connectionSource(['--context=two', '--master=y'], FILE)).toThrow(
    '--context and --master cannot be used together: a context has its master',
  );
});
