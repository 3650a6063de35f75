// Files of lists, credentials and keys are in force as they are now, without a restart.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { aclsFile, credentialsFile } from '../../src/cli/process/access.ts';
import { type AccessFile, AccessFiles } from '../../src/cli/process/access-files.ts';
import { BasicAuthenticator } from '../../src/http/server/authentication.ts';
import { Credentials } from '../../src/http/server/credentials.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { ExchangedAuthorizer } from '../../src/security/exchanged-authorizer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-access-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

/** Takes the place of the file at once. */
function put(name: string, content: string | Buffer): void {
  writeFileSync(at('new'), content);
  renameSync(at('new'), at(name));
}

/** A file that is watched, and the lines that are logged; `next` waits for one more. */
async function watched(files: readonly AccessFile[]) {
  const lines: string[] = [];
  let wake = () => undefined as unknown;
  const all = new AccessFiles(files);
  const { stop, begun } = all.watch({
    lookMs: 1,
    log: (level, text) => {
      lines.push(`${level} ${text}`);
      wake();
    },
  });
  onTestFinished(stop);
  const next = async () => {
    while (lines.length === 0) {
      await new Promise((resolve) => {
        wake = () => resolve(undefined);
      });
    }
    return lines.shift() ?? '';
  };
  await begun;
  return { all, next, lines };
}

const written = (credentials: object) => JSON.stringify({ credentials });
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('credentials are exchanged, whatever takes the place of their file', async () => {
  put('c', written([{ principal: 'ops', secret: 'first' }]));
  const credentials = new Credentials([{ principal: 'ops', secret: 'first' }]);
  const authenticator = new BasicAuthenticator('mesos-master-readonly', credentials);
  const mayEnter = (secret: string) =>
    'principal' in authenticator.authenticate(basic(`ops:${secret}`));
  const { all, next } = await watched(credentialsFile('credentials', at('c'), credentials));
  expect(mayEnter('first')).toBe(true);

  put('c', written([{ principal: 'ops', secret: 'second' }]));
  expect(await next()).toBe(`info --credentials: what ${at('c')} says now is in force`);
  expect([mayEnter('first'), mayEnter('second')]).toEqual([false, true]);

  put('c', '{"credentials": [{"principal": "ops", "secrte": "third-secret"}]}');
  const broken = await next();
  expect(broken).toMatch(/^error --credentials expects .*stays in force$/);
  expect(broken).not.toContain('third-secret');
  expect(mayEnter('second')).toBe(true);

  put('c', Buffer.from([...Buffer.from('ops '), 0xff]));
  expect(await next()).toContain(`${at('c')} (it is not UTF-8). What the file said before stays`);
  expect(mayEnter('second')).toBe(true);

  rmSync(at('c'));
  expect(await next()).toBe(
    `error --credentials names a file that cannot be read: ${at('c')} (ENOENT). ` +
      'What the file said before stays in force',
  );
  execFileSync('mkfifo', [at('c')]);
  expect(await next()).toContain('(it is no file)');

  put('d', written([{ principal: 'ops', secret: 'fourth' }]));
  symlinkSync(at('d'), at('link'));
  renameSync(at('link'), at('c'));
  expect(await next()).toContain('is in force');
  expect(mayEnter('fourth')).toBe(true);
  expect(all.metrics).toEqual({ 'access/reloads': 2, 'access/failed_reloads': 4 });
});

test('lists are exchanged', async () => {
  put('acls', '{}');
  const authorizer = new ExchangedAuthorizer(permissive);
  const { next } = await watched(aclsFile(at('acls'), authorizer));
  const ops = { value: 'ops' };
  expect(authorizer.authorize(ops, 'VIEW_FLAGS')).toBe(true);
  put('acls', '{"permissive": false}');
  expect(await next()).toContain('is in force');
  expect(authorizer.authorize(ops, 'VIEW_FLAGS')).toBe(false);
  put('acls', '{"permissive": true, "permissive": false}');
  expect(await next()).toContain("has the key 'permissive' twice");
  put('acls', '{"view_flag": []}');
  expect(await next()).toContain("there is no action 'view_flag'");
  put('acls', 'nonsense');
  expect(await next()).toContain('which holds none');
  expect(authorizer.authorize(ops, 'VIEW_FLAGS')).toBe(false);
});

test('what has changed since the flags were read is in force, too', async () => {
  put('acls', '{"permissive": false}');
  put('c', written([{ principal: 'ops', secret: 'second' }]));
  put('broken', '{"credentials": [{}]}');
  const authorizer = new ExchangedAuthorizer(permissive);
  const credentials = new Credentials([
    { principal: 'ops', secret: 'first' },
    { principal: 'gone', secret: 'gone' },
  ]);
  const others = new Credentials([{ principal: 'ops', secret: 'first' }]);
  const { all, lines } = await watched([
    ...aclsFile(at('acls'), authorizer),
    ...credentialsFile('credentials', at('c'), credentials),
    ...credentialsFile('http_credentials', at('broken'), others),
  ]);
  expect(authorizer.authorize({ value: 'ops' }, 'VIEW_FLAGS')).toBe(false);
  expect(['ops', 'gone'].map((name) => credentials.secretOf(name))).toEqual(['second', undefined]);
  expect(others.secretOf('ops')).toBe('first');
  expect(lines).toEqual([expect.stringMatching(/^error --http_credentials .*stays in force$/)]);
  expect(all.metrics).toEqual({ 'access/reloads': 0, 'access/failed_reloads': 1 });
});
