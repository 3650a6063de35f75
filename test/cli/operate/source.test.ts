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

// The secret of one cluster goes to no other, and nothing takes the safety of a connection away.
test('a chosen context holds as a whole, too, and it is told what that leaves out', () => {
  const { preset, environment, unused } = connectionSource([], {
    ...{ ...FILE, MESOS_PRINCIPAL: 'x', MESOS_SECRET: 'x', MESOS_TIMEOUT: '' },
    ...{ LIBPROCESS_SSL_VERIFY_SERVER_CERT: 'false', MESOS_ROLE: 'r' },
  });
  expect(preset?.texts).toEqual({ master: 'one:5050' });
  expect(environment).toEqual({ ...FILE, MESOS_ROLE: 'r' });
  expect(unused).toEqual(['MESOS_PRINCIPAL', 'MESOS_SECRET', 'LIBPROCESS_SSL_VERIFY_SERVER_CERT']);
});

test("so does the file of Mesos's command line", () => {
  const mesos = join(folder, 'mesos.toml');
  writeFileSync(mesos, '[master]\naddress = "m:5050"\n');
  const nowhere = { MESOSCALE_CONFIG: '', XDG_CONFIG_HOME: join(folder, 'none') };
  const { environment, unused } = connectionSource([], {
    ...{ ...nowhere, MESOS_CLI_CONFIG: mesos, MESOS_SECRET: 'x' },
  });
  expect(environment).toEqual({ ...nowhere, MESOS_CLI_CONFIG: mesos });
  expect(unused).toEqual(['MESOS_SECRET']);
});

test('without a context variables hold', () => {
  const variables = { MESOSCALE_CONFIG: '', XDG_CONFIG_HOME: join(folder, 'none'), HOME: folder };
  const environment = { ...variables, MESOS_CLI_CONFIG: join(folder, 'no'), MESOS_SECRET: 'x' };
  expect(connectionSource([], environment)).toEqual({
    ...{ environment, preset: undefined, unused: [] },
  });
});

test('a context and a master are not mixed', () => {
  expect(() => connectionSource(['--context=two', '--master=y'], FILE)).toThrow(
    '--context and --master cannot be used together: a context has its master',
  );
});
