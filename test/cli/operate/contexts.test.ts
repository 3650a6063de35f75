import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import {
  contextNamed,
  presetOf,
  readContexts,
} from '../../../src/cli/operate/connection/contexts.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true });
  }
});

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-contexts-'));
  folders.push(folder);
  return folder;
}

function configured(text: string): { readonly XDG_CONFIG_HOME: string; readonly path: string } {
  const home = temporaryFolder();
  mkdirSync(join(home, 'mesoscale'));
  const path = join(home, 'mesoscale', 'config.toml');
  writeFileSync(path, text);
  return { XDG_CONFIG_HOME: home, path };
}

const TWO = `context = "one"
[contexts.one]
master = "one:5050"
principal = "me"
[contexts.two]
master = "two:5050"
ssl_enabled = true
`;

test.each([
  ['a secret', 0o644, 'secret = "s"', 1],
  ['a secret of agents, for a group', 0o640, 'agent_secret = "s"', 1],
  ['an address with one', 0o644, 'master = "zk://me:s@one:2181/mesos"', 1],
  ['a secret that nobody else may read', 0o600, 'secret = "s"', 0],
  ['no secret', 0o644, 'principal = "me"', 0],
])('who else may read it is told once, of a file with %s', (_, mode, line, times) => {
  const environment = configured(`context = "one"\n[contexts.one]\n${line}\n`);
  chmodSync(environment.path, mode);
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  presetOf(environment);
  presetOf(environment);
  const said = write.mock.calls.map(([text]) => text);
  write.mockRestore();
  const path = environment.path;
  const bits = mode.toString(8);
  expect(said).toEqual(
    Array(times).fill(
      `${path} has a secret, and others may read it (mode ${bits}): chmod 600 ${path}\n`,
    ),
  );
});

test('the current context holds, and another one may be named', () => {
  const environment = configured(TWO);
  expect(presetOf(environment)).toEqual({
    context: 'one',
    place: `context one in ${environment.path}`,
    texts: { master: 'one:5050', principal: 'me' },
  });
  expect(contextNamed(readContexts(environment), 'two').texts).toEqual({
    master: 'two:5050',
    ssl_enabled: 'true',
  });
});

test.each([
  ['contexts = 1', 'contexts expects tables: [contexts.NAME]'],
  ['context = 1', 'context expects the name of a context'],
  ['context = "x"', "context names 'x', which is not there: it has none"],
  ['master = "x"', "expected context and [contexts.NAME], got 'master'"],
  ['[contexts.x]\nmastr = "y"', "contexts.x has an unknown setting 'mastr' (did you mean master?)"],
  ['[contexts.x]\nmaster = ["y"]', 'contexts.x.master expects a text'],
  ['[contexts]\nx = 1', 'contexts.x expects a table: [contexts.x]'],
])('what is wrong with %j is said with its place', (text, fault) => {
  const environment = configured(text);
  expect(() => {
    const contexts = readContexts(environment);
    presetOf(environment);
    contextNamed(contexts, 'x');
  }).toThrow(`${environment.path}: ${fault}`);
});

test('one wrong context does not keep from the others, and is told of', () => {
  const { XDG_CONFIG_HOME, path } = configured(
    'context = "gone"\n[contexts.bad]\nmastr = "x"\n[contexts.good]\nmaster = "g:5050"\n',
  );
  expect(contextNamed(readContexts({ XDG_CONFIG_HOME }), 'good').texts.master).toBe('g:5050');
  const { stdout, stderr } = told({ XDG_CONFIG_HOME }, 'list', '-o', 'name');
  expect({ stdout, stderr }).toEqual({
    stdout: 'good\n',
    stderr: `${path}: contexts.bad has an unknown setting 'mastr' (did you mean master?)\n`,
  });
  expect(told({ XDG_CONFIG_HOME }, 'use', 'bad').stderr).toContain("unknown setting 'mastr'");
  expect(told({ XDG_CONFIG_HOME }, 'use', 'good').stdout).toBe('context good\n');
  expect(told({ XDG_CONFIG_HOME }, 'show').stdout).toBe('good\n');
  expect(told({ XDG_CONFIG_HOME, MESOS_MASTER: 'x:5050' }, 'show').stderr).toContain(
    'no context holds: MESOS_MASTER names the master',
  );
});

test('a mistake of syntax is told with its line', () => {
  const environment = configured('context = "a"\n[contexts.a\n');
  expect(() => readContexts(environment)).toThrow(`${environment.path}:2:`);
});

/** What a file of Mesos's command line comes to. */
function presetOfMesos(text: string) {
  const path = join(temporaryFolder(), 'mesos.toml');
  writeFileSync(path, text);
  const nowhere = { MESOSCALE_CONFIG: '', XDG_CONFIG_HOME: temporaryFolder() };
  return { path, read: () => presetOf({ ...nowhere, MESOS_CLI_CONFIG: path }) };
}

test.each([
  [
    '[master]\nprincipal = "me"\nsecret = "s"\n[master.zookeeper]\naddresses = ["a:2181", "b:2181"]\npath = "/mesos"\n[agent]\nssl = true\nssl_verify = false\nprincipal = "you"\nsecret = "t"\ntimeout = 5\n',
    {
      master: 'zk://a:2181,b:2181/mesos',
      principal: 'me',
      secret: 's',
      agent_principal: 'you',
      agent_secret: 't',
      ssl_enabled: 'true',
      ssl_support_downgrade: 'true',
    },
  ],
  [
    'plugins = []\n[master]\naddress = "https://a:5050"\n[agent]\nssl = true\nssl_verify = true\n',
    { master: 'https://a:5050', ssl_enabled: 'true', ssl_verify_server_cert: 'true' },
  ],
  ['[master]\naddress = "a:5050"\n', { master: 'a:5050' }],
])("without contexts the file of Mesos's command line is read: %j", (text, texts) => {
  const { path, read } = presetOfMesos(text);
  expect(read()).toEqual({ place: path, texts });
});

test("a file of Mesos's command line that names no master is passed over", () => {
  expect(presetOfMesos('plugins = []\n').read()).toBeUndefined();
});

test.each([
  ['master = "a:5050"', 'master expects a table: [master]'],
  ['[master]\naddres = "a:5050"', 'master expects either address or zookeeper'],
  [
    '[master]\naddress = "a:5050"\n[master.zookeeper]\naddresses = ["b:2181"]\npath = "/mesos"',
    'master expects either address or zookeeper',
  ],
  ['[master]\naddress = 5050', 'master.address expects host:port or https://host:port'],
  ...['addresses = ["b:2181"]', 'addresses = ["b:2181"]\npath = "mesos"', 'path = "/mesos"'].map(
    (text) => [
      `[master.zookeeper]\n${text}`,
      "master.zookeeper expects addresses, a list of host:port, and path, such as '/mesos'",
    ],
  ),
  ['[master]\naddress = "a:5050"\nsecret = 5', 'master.secret expects a text'],
  ['[master]\naddress = "a:5050"\n[agent]\nssl = "yes"', 'agent.ssl expects true or false'],
])("what is wrong with %j of Mesos's command line is said", (text = '', fault = '') => {
  const { path, read } = presetOfMesos(text);
  expect(read).toThrow(`${path}: ${fault}`);
});

test('a file that was named must be there', () => {
  expect(() => readContexts({ MESOSCALE_CONFIG: '/nowhere/config.toml' })).toThrow(
    '/nowhere/config.toml cannot be read (ENOENT)',
  );
});

/** `mesoscale context …` with these variables. */
const told = (environment: Record<string, string>, ...words: string[]) =>
  run(environment, 'context', ...words);

function run(environment: Record<string, string>, ...words: string[]) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...environment };
  const { stdout, stderr } = spawnSync('bin/mesoscale', words, {
    env,
    encoding: 'utf8',
  });
  return { stdout, stderr };
}

test('a variable that holds in place of the chosen context is told of', () => {
  const { XDG_CONFIG_HOME, path } = configured(TWO);
  const master = { XDG_CONFIG_HOME, MESOS_MASTER: 'x:5050' };
  const { stdout, stderr } = told(master, 'list', '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject([{ current: false }, { current: false }]);
  expect(stderr).toBe('MESOS_MASTER in the environment holds, whatever context was chosen\n');
  const named = told({ XDG_CONFIG_HOME, MESOSCALE_CONTEXT: 'two' }, 'list', '-o', 'json');
  expect(JSON.parse(named.stdout)).toMatchObject([{ current: false }, { current: true }]);
  expect(told(master, 'use', 'two')).toEqual({
    stdout: 'context two\n',
    stderr:
      'MESOS_MASTER in the environment still names another cluster: unset it, or say --context\n',
  });
  expect(readFileSync(path, 'utf8')).toContain('context = "two"');
  expect(told({ XDG_CONFIG_HOME }, 'use', 'one').stderr).toBe('');
});

test.each(['execute', 'batch'])('%s takes a context, and no other master with it', (command) => {
  const { XDG_CONFIG_HOME, path } = configured(TWO);
  const { stderr } = run({ XDG_CONFIG_HOME }, command, '--context=none');
  expect(stderr).toBe(`mesoscale ${command}: no context 'none' in ${path}: it has one, two\n`);
  const context = '[contexts.one]\nmaster = "a:b:c"';
  const wrong = configured(`context = "one"\n${context}`);
  const chosen = run({ XDG_CONFIG_HOME: wrong.XDG_CONFIG_HOME }, command, '--context=one');
  expect(chosen.stderr).toContain("'a:b:c'");
  const mixed = run({ XDG_CONFIG_HOME }, command, '--context=one', '--master=x:5050');
  expect(mixed.stderr).toContain('--context and --master cannot be used together');
});
