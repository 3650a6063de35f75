// Files of credentials: errors do not contain what a file holds.
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import type { FlagTable } from '../../src/cli/flags/flag.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import { MASTER_FLAGS } from '../../src/cli/master/flags.ts';
import { readCredentials } from '../../src/cli/process/credentials.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-credentials-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'credentials.json');

function read(content: string | Buffer) {
  writeFileSync(file, content);
  return readCredentials('credentials', file, {});
}

test('credentials are read as Mesos writes them', () => {
  const credentials = [{ principal: 'ops', secret: 'hush' }];
  expect(read(JSON.stringify({ credentials }))).toEqual({ credentials, warnings: [] });
});

test('credentials are read in the older form, too: a principal and its secret in each line', () => {
  expect(read('ops hush\n\n  web \t s:3{cret}\r\n')).toEqual({
    credentials: [
      { principal: 'ops', secret: 'hush' },
      { principal: 'web', secret: 's:3{cret}' },
    ],
    warnings: [],
  });
});

test('credentials may lack a secret: no client authenticates by such an entry, and the log says so', () => {
  const ops = { principal: 'ops', secret: 'hush' };
  const { credentials, warnings } = read(
    JSON.stringify({
      credentials: [
        ops,
        { principal: 'open' },
        { principal: 'o2', secret: null },
        { principal: 'o3', secret: '' },
      ],
    }),
  );
  expect(credentials).toEqual([ops]);
  expect(warnings).toEqual([
    `--credentials: principal 'open' has no secret in '${file}' and cannot authenticate`,
    `--credentials: principal 'o2' has no secret in '${file}' and cannot authenticate`,
    `--credentials: principal 'o3' has no secret in '${file}' and cannot authenticate`,
  ]);
});

describe('credentials that cannot be used are refused', () => {
  const message = `--credentials expects a file that holds {"credentials": [{"principal": …, "secret": …}]}, got '${file}'`;

  test.each([
    '',
    'null',
    '[]',
    '7',
    '"ops hush"',
    '{"credentials":{}}',
    '{"credentials": [',
    '{ops hush',
  ])('%s', (content) => {
    expect(() => read(content)).toThrow(expect.objectContaining({ message }));
  });

  test.each([
    ['[{"principal":"a","secret":"hush"},null]', 'entry 2 has no principal that is a text'],
    ['[{"principal":7,"secret":"hush"}]', 'entry 1 has no principal that is a text'],
    ['[{"secret":"hush"}]', 'entry 1 has no principal that is a text'],
    ['[{"principal":"a","secret":{"hush":1}}]', 'entry 1 has a secret that is no text'],
  ])('the error names the faulty entry, and not its content: %s', (list, what) => {
    expect(() => read(`{"credentials":${list}}`)).toThrow(
      expect.objectContaining({ message: `${message}, whose ${what}` }),
    );
  });

  test.each([
    ['ops', 'whose line 1 has not two words'],
    ['web x\nops hush hush', 'whose line 2 has not two words'],
    ['o:ps hush', 'entry 1 has a principal that is empty or has a colon'],
    ['ops hush\nops x', "'ops' two secrets"],
  ])('lines that are none: %j', (content, what) => {
    const reading = () => read(content);
    expect(reading).toThrow(what);
    expect(reading).not.toThrow('hush');
  });

  test.each([
    ['[{"principal":"","secret":"hush"}]', 'entry 1 has a principal that is empty'],
    [
      '[{"principal":"a:b","secret":"hush"}]',
      'entry 1 has a principal that is empty or has a colon',
    ],
    ['[{"principal":"a","secret":"hush"},{"principal":"a","secret":"x"}]', "'a' two secrets"],
    ['[{"principal":"a","secret":"hush"},{"principal":"a"}]', "'a' two secrets"],
    ['[{"principal":"a","secret":"hush","secret":"x"}]', 'has a key twice'],
    ['[],"credentials":[{"principal":"a","secret":"hush"}]', 'has a key twice'],
  ])('what could be read in two ways: %s', (list, what) => {
    const reading = () => read(`{"credentials":${list}}`);
    expect(reading).toThrow(what);
    expect(reading).not.toThrow('hush');
  });

  test.each([
    ['{"credentials":[{"principle":"a","secret":"hush"}]}', "unknown field 'principle' (did you"],
    ['{"credentials":[{"principal":"a","hush":"x"}]}', 'entry 1 has a field besides principal and'],
    ['{"credentials":[],"hush":1}', 'which has a field besides credentials'],
  ])('a field that there is not, named only where it is misspelt: %s', (content, what) => {
    const reading = () => read(content);
    expect(reading).toThrow(what);
    expect(reading).not.toThrow('hush');
  });

  test('all entries that are wrong, at once', () => {
    expect(() => read('{"credentials":[{"secret":"x"},{"principal":"a:b"}]}')).toThrow(
      /entry 1 has no principal that is a text\n.*entry 2 has a principal that is empty or/,
    );
  });

  test('secrets that would be the same as others in UTF-8', () => {
    const named = `--credentials names a file that cannot be read: ${file} (it is not UTF-8)`;
    expect(() => read(Buffer.from([...Buffer.from('ops '), 0xe9, 0xff]))).toThrow(named);
    expect(() => read('{"credentials":[{"principal":"ops","secret":"x\\ud800"}]}')).toThrow(
      'entry 1 has a secret that is no text',
    );
    expect(read('ops p\u00e9\ufffd').credentials).toEqual([
      { principal: 'ops', secret: 'pé\ufffd' },
    ]);
  });

  test('a file that is not there', () => {
    const missing = join(folder, 'missing');
    expect(() => readCredentials('credentials', missing, {})).toThrow(
      `--credentials names a file that cannot be read: ${missing} (ENOENT)`,
    );
  });
});

test('credentials are needed where clients must authenticate', () => {
  const asking = { authenticate_http_readonly: false, authenticate_http_readwrite: true };
  expect(() => readCredentials('http_credentials', undefined, asking)).toThrow(
    '--authenticate_http_readwrite needs --http_credentials=FILE',
  );
  expect(readCredentials('http_credentials', undefined, {}).credentials).toEqual([]);
});

test('credentials in a file that all users can read cause a warning, whichever flag names it', () => {
  writeFileSync(file, '{}');
  const warnings = (table: FlagTable, argument: string) =>
    parseFlags(table, { argv: [argument], environment: {} }).warnings;
  const tooOpen = [
    expect.stringMatching(/^Permissions on \w+ file '.*credentials.json' are too open; .*NOT/),
  ];
  const flags: [FlagTable, string][] = [
    [MASTER_FLAGS, `--credentials=${file}`],
    [MASTER_FLAGS, `--credentials=file://${file}`],
    [AGENT_FLAGS, `--http_credentials=${file}`],
    [AGENT_FLAGS, `--master=file://${file}`],
  ];
  for (const [table, argument] of flags) {
    chmodSync(file, 0o604);
    expect(warnings(table, argument), argument).toEqual(tooOpen);
    chmodSync(file, 0o640);
    expect(warnings(table, argument), argument).toEqual([]);
  }
  chmodSync(file, 0o604);
  expect(warnings(AGENT_FLAGS, `--docker_config=file://${file}`)).toContainEqual(tooOpen[0]);
  expect(warnings(MASTER_FLAGS, `--whitelist=${file}`)).toEqual([]);
});

test('a file of secrets that cannot even be looked at is left to who reads it', () => {
  const loop = join(folder, 'loop');
  symlinkSync('loop', loop);
  expect(
    parseFlags(MASTER_FLAGS, { argv: [`--ssl_key_file=${loop}`], environment: {} }).warnings,
  ).toEqual([]);
});
