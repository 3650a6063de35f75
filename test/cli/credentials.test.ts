// Files of credentials: what is wrong with one is said without a word of what it holds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCredentials } from '../../src/cli/credentials.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-credentials-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'credentials.json');

function read(content: string) {
  writeFileSync(file, content);
  return readCredentials('credentials', file, {});
}

test('are read as Mesos writes them', () => {
  const credentials = [{ principal: 'ops', secret: 'hush' }];
  expect(read(JSON.stringify({ credentials }))).toEqual(credentials);
});

describe('that cannot be used are refused', () => {
  const message = `--credentials expects a file that holds {"credentials": [{"principal": …, "secret": …}]}, got '${file}'`;

  test.each([
    'ops hush',
    'null',
    '[]',
    '{"credentials":{}}',
    '{"credentials":[null]}',
    '{"credentials":[{"principal":"ops"}]}',
  ])('%s', (content) => {
    expect(() => read(content)).toThrow(expect.objectContaining({ message }));
  });

  test('a file that is not there', () => {
    const missing = join(folder, 'missing');
    expect(() => readCredentials('credentials', missing, {})).toThrow(
      `--credentials names a file that cannot be read: ${missing} (ENOENT)`,
    );
  });
});

test('are needed where somebody has to show them', () => {
  const asking = { authenticate_http_readonly: false, authenticate_http_readwrite: true };
  expect(() => readCredentials('http_credentials', undefined, asking)).toThrow(
    '--authenticate_http_readwrite needs --http_credentials=FILE',
  );
  expect(readCredentials('http_credentials', undefined, {})).toEqual([]);
});
