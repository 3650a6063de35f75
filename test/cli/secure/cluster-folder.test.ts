// The folder of a closed cluster, with certificates by the real openssl.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCredential, readCredentials } from '../../../src/cli/process/credentials.ts';
import { namesIn } from '../../../src/cli/secure/certificates.ts';
import {
  addMachine,
  addPrincipal,
  deleteUnfinished,
  makeClusterFolder,
  removePrincipal,
  renewCertificate,
} from '../../../src/cli/secure/cluster-folder.ts';
import { fileFindings } from '../../../src/cli/secure/file-findings.ts';
import {
  executorFiles,
  hostFiles,
  layoutOf,
  principalFiles,
} from '../../../src/cli/secure/layout.ts';
import type { PrincipalKind } from '../../../src/cli/secure/principals.ts';
import { principalOf } from '../../../src/http/server/certificate-authenticator.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-secure-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KINDS: readonly PrincipalKind[] = ['agent', 'framework', 'operator'];
const REACH = { roles: ['*'], users: ['build'] };
const TERMS = { days: 60, installed: '/etc/mesoscale' };
const MEMBERS = {
  machines: [
    ['one.example.com', '10.0.0.1'],
    ['two', 'fd00::2'],
  ],
  principals: KINDS.map((kind) => ({ kind, name: kind, reach: REACH })),
} as const;

const dir = join(folder, 'cluster');
const layout = layoutOf(dir);
beforeAll(() => makeClusterFolder(dir, MEMBERS, TERMS));

const certificateOf = (path: string) => new X509Certificate(readFileSync(path));
const authority = () => certificateOf(layout.authority.certificate);

test('only its user can read it but for what is for executors, and nothing else is left', async () => {
  const entries = readdirSync(dir, { recursive: true }).map((entry) => join(dir, String(entry)));
  const isForAll = (path: string) => path.startsWith(layout.executors);
  const modes = (paths: readonly string[]) =>
    new Set(
      paths.map((path) => {
        const status = lstatSync(path);
        return `${status.isDirectory() ? 'folder' : 'file'} ${(status.mode & 0o777).toString(8)}`;
      }),
    );
  expect(modes([dir])).toEqual(new Set(['folder 711']));
  expect(modes(entries.filter((path) => !isForAll(path)))).toEqual(
    new Set(['folder 700', 'file 600']),
  );
  expect(modes(entries.filter(isForAll))).toEqual(new Set(['folder 755', 'file 644']));
  expect(readdirSync(folder)).toEqual(['cluster']);
  expect(entries.filter((path) => path.endsWith('.config'))).toEqual([]);
  expect(await fileFindings(dir)).toEqual([]);
});

describe('certificates', () => {
  const ours = [
    hostFiles(layout.host('one.example.com')),
    hostFiles(layout.host('two')),
    principalFiles(layout.principal('framework')),
    principalFiles(layout.principal('operator')),
    executorFiles(layout.executors),
  ];

  test('are of their keys, signed by the authority, and good for as long as was asked', () => {
    for (const files of ours) {
      const certificate = certificateOf(files.certificate);
      const days =
        (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 864e5;
      expect(certificate.verify(authority().publicKey)).toBe(true);
      expect(certificate.checkIssued(authority())).toBe(true);
      expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(files.key)))).toBe(true);
      expect(certificate.ca).toBe(false);
      expect(Math.round(days)).toBe(60);
    }
    expect(authority().ca).toBe(true);
    const serials = ours.map(({ certificate }) => certificateOf(certificate).serialNumber);
    expect(new Set(serials).size).toBe(ours.length);
  });

  test('of machines have all of their names, and nothing of others', () => {
    const [one, two] = ours.map(({ certificate }) => certificateOf(certificate));
    expect(one?.subjectAltName).toBe('DNS:one.example.com, IP Address:10.0.0.1');
    expect(two?.checkIP('fd00::2')).toBe('fd00::2');
    expect(two?.checkHost('one.example.com')).toBeUndefined();
  });

  test('of principals are for clients only', () => {
    const certificate = certificateOf(principalFiles(layout.principal('operator')).certificate);
    expect(certificate.subject).toBe('CN=operator');
    expect(principalOf(certificate.subject)).toBe('operator');
    const ofOthers = [hostFiles(layout.host('two')), executorFiles(layout.executors)];
    for (const files of ofOthers) {
      expect(principalOf(certificateOf(files.certificate).subject)).toMatch(/^OU=\w+,CN=\w+$/);
    }
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });
});

test('masters know every secret, agents those of their callers, and all are different', () => {
  const ofMaster = readCredentials('credentials', layout.credentials, {}).credentials;
  const ofAgents = readCredentials('http_credentials', layout.httpCredentials, {}).credentials;
  const own = KINDS.map((kind) =>
    readCredential('credential', principalFiles(layout.principal(kind)).credential),
  );
  expect(ofMaster).toEqual(own);
  expect(ofAgents).toEqual(own.slice(1));
  const key = readFileSync(layout.executorKey, 'utf8');
  const secrets = [key, ...own.map((each) => each?.secret ?? '')];
  expect(new Set(secrets).size).toBe(4);
  expect(secrets.every((secret) => secret.length === 43)).toBe(true);
  expect(readFileSync(principalFiles(layout.principal('operator')).secret, 'utf8')).toBe(
    own[2]?.secret,
  );
});

test('variables name the files where machines have them', () => {
  const variables = readFileSync(principalFiles(layout.principal('framework')).environment, 'utf8');
  expect(variables).toContain('MESOS_SECRET=file:///etc/mesoscale/principals/framework/secret\n');
  expect(variables).toContain('LIBPROCESS_SSL_CA_FILE=/etc/mesoscale/authority.pem\n');
});

test('executors are told of the files that they may read', async () => {
  expect(JSON.parse(readFileSync(layout.executorVariables, 'utf8'))).toMatchObject({
    LIBPROCESS_SSL_CA_FILE: '/etc/mesoscale/executors/authority.pem',
    LIBPROCESS_SSL_CERT_FILE: '/etc/mesoscale/executors/certificate.pem',
    LIBPROCESS_SSL_KEY_FILE: '/etc/mesoscale/executors/key.pem',
  });
  const before = readFileSync(executorFiles(layout.executors).certificate, 'utf8');
  await renewCertificate(dir, { unit: 'executors' }, 60);
  expect(readFileSync(executorFiles(layout.executors).certificate, 'utf8')).not.toBe(before);
  expect(lstatSync(executorFiles(layout.executors).key).mode & 0o777).toBe(0o644);
  expect(await fileFindings(dir)).toEqual([]);
});

test('what is there is never written over', async () => {
  const before = readFileSync(layout.executorKey, 'utf8');
  await expect(makeClusterFolder(dir, MEMBERS, TERMS)).rejects.toThrow(
    `${dir} is there already, and is not written over`,
  );
  await expect(addMachine(dir, ['two', '10.0.0.2'], TERMS)).rejects.toThrow('is there already');
  await expect(
    addPrincipal(dir, { kind: 'operator', name: 'framework', reach: REACH }, TERMS),
  ).rejects.toThrow('is there already');
  expect(readFileSync(layout.executorKey, 'utf8')).toBe(before);
  const other = join(folder, 'other');
  mkdirSync(other);
  await expect(makeClusterFolder(other, MEMBERS, TERMS)).rejects.toThrow('is there already');
  rmSync(other, { recursive: true });
});

test('where it cannot be made nothing is left, and the reason is told', async () => {
  const { PATH } = process.env;
  process.env.PATH = folder;
  try {
    await expect(makeClusterFolder(join(folder, 'failed'), MEMBERS, TERMS)).rejects.toThrow(
      'openssl, which makes the certificates, is not installed',
    );
  } finally {
    process.env.PATH = PATH;
  }
  expect(readdirSync(folder)).toEqual(['cluster']);
  await expect(makeClusterFolder(join(folder, 'no', 'where'), MEMBERS, TERMS)).rejects.toThrow(
    'ENOENT',
  );
});

describe('what is added later', () => {
  test('a machine', async () => {
    await addMachine(dir, ['three', '10.0.0.3'], TERMS);
    const certificate = certificateOf(hostFiles(layout.host('three')).certificate);
    expect(certificate.verify(authority().publicKey)).toBe(true);
  });

  test('a principal, beside what an operator has written himself', async () => {
    const lists = JSON.parse(readFileSync(layout.acls, 'utf8'));
    lists.run_tasks.unshift({ principals: { type: 'ANY' }, users: { values: ['guest'] } });
    writeFileSync(layout.acls, JSON.stringify(lists));
    const reach = { roles: ['eng/%'], users: ['ANY'] };
    await addPrincipal(dir, { kind: 'framework', name: 'batch', reach }, TERMS);
    const after = JSON.parse(readFileSync(layout.acls, 'utf8'));
    expect(after.run_tasks).toEqual([
      ...lists.run_tasks,
      { principals: { values: ['batch'] }, users: { type: 'ANY' } },
    ]);
    expect(after.register_frameworks.at(-1).roles).toEqual({ values: ['eng/%'] });
    const names = readCredentials('credentials', layout.credentials, {}).credentials;
    expect(names.map(({ principal }) => principal)).toEqual([...KINDS, 'batch']);
  });

  test('nothing, where the lists or the roles are wrong', async () => {
    const principal = (name: string, roles: readonly string[]) =>
      ({ kind: 'framework', name, reach: { roles, users: ['build'] } }) as const;
    const before = readFileSync(layout.acls, 'utf8');
    await expect(addPrincipal(dir, principal('wrong', ['a b']), TERMS)).rejects.toThrow("'a b'");
    writeFileSync(layout.acls, '{"run_tasks": {}}');
    await expect(addPrincipal(dir, principal('wrong', ['a']), TERMS)).rejects.toThrow(
      `${layout.acls} cannot be read: run_tasks must be a list of rules`,
    );
    writeFileSync(layout.acls, before);
    expect(readFileSync(layout.credentials, 'utf8')).not.toContain('wrong');
    expect(readdirSync(join(dir, 'principals')).toSorted()).toEqual([
      'agent',
      'batch',
      'framework',
      'operator',
    ]);
  });
});

test('what is renewed has another key and certificate, and all else as it was', async () => {
  const machine = hostFiles(layout.host('two'));
  const principal = principalFiles(layout.principal('framework'));
  const before = [machine, principal].map(({ certificate }) => certificateOf(certificate));
  const secret = readFileSync(principal.credential, 'utf8');
  const names = namesIn(machine.certificate, readFileSync(machine.certificate));
  expect(names.map((name) => name.toLowerCase())).toEqual(['two', 'fd00:0:0:0:0:0:0:2']);
  await renewCertificate(dir, { unit: 'host', names }, 30);
  await renewCertificate(dir, { unit: 'principal', name: 'framework' }, 30);
  for (const [index, files] of [machine, principal].entries()) {
    const certificate = certificateOf(files.certificate);
    expect(certificate.verify(authority().publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(files.key)))).toBe(true);
    expect(certificate.subject).toBe(before[index]?.subject);
    expect(certificate.subjectAltName).toBe(before[index]?.subjectAltName);
    expect(certificate.serialNumber).not.toBe(before[index]?.serialNumber);
  }
  expect(readFileSync(principal.credential, 'utf8')).toBe(secret);
  expect(readdirSync(join(dir, 'hosts')).toSorted()).toEqual(['one.example.com', 'three', 'two']);
  expect(() => namesIn('it', readFileSync(principal.certificate))).toThrow('it has no names');
});

test('a principal that is removed leaves nothing, and others stay as they were', async () => {
  const lists = () => JSON.parse(readFileSync(layout.acls, 'utf8'));
  const names = (file: string) =>
    readCredentials('credentials', file, {}).credentials.map(({ principal }) => principal);
  const shared = { principals: { values: ['gone', 'operator'] }, users: { values: ['guest'] } };
  const before = lists();
  before.run_tasks.unshift(shared);
  writeFileSync(layout.acls, JSON.stringify(before));
  const known = [names(layout.credentials), names(layout.httpCredentials)];
  await addPrincipal(dir, { kind: 'operator', name: 'gone', reach: REACH }, TERMS);
  await removePrincipal(dir, 'gone');
  before.run_tasks[0] = { ...shared, principals: { values: ['operator'] } };
  expect(lists()).toEqual(before);
  expect([names(layout.credentials), names(layout.httpCredentials)]).toEqual(known);
  expect(readdirSync(join(dir, 'principals'))).not.toContain('gone');
  await expect(removePrincipal(dir, 'gone')).rejects.toThrow('has no principal gone');
});

describe('what a command that was killed has left', () => {
  const names = (file: string) =>
    readCredentials('credentials', file, {}).credentials.map(({ principal }) => principal);
  const half = { kind: 'framework', name: 'half', reach: REACH } as const;

  test('can be removed, wherever it stopped', async () => {
    const saved = [layout.acls, layout.credentials, layout.httpCredentials].map((file) => ({
      file,
      text: readFileSync(file, 'utf8'),
    }));
    // A principal is written into its folder, the lists and both files of secrets, in this order.
    for (let written = 0; written <= saved.length; written++) {
      await addPrincipal(dir, half, TERMS);
      for (const { file, text } of saved.slice(written)) {
        writeFileSync(file, text);
      }
      await removePrincipal(dir, 'half');
      expect(existsSync(layout.principal('half'))).toBe(false);
      expect(readFileSync(layout.acls, 'utf8')).not.toContain('half');
      expect([...names(layout.credentials), ...names(layout.httpCredentials)]).not.toContain(
        'half',
      );
    }
    await expect(removePrincipal(dir, 'half')).rejects.toThrow('has no principal half');
  });

  test('is deleted where it has no name yet, and nothing else is', async () => {
    const before = readdirSync(dir, { recursive: true }).toSorted();
    mkdirSync(layout.principal('.new-Xy12ab'));
    writeFileSync(join(layout.principal('.new-Xy12ab'), 'secret'), 'x');
    mkdirSync(layout.host('.new-Xy12ab'));
    await deleteUnfinished(dir);
    expect(readdirSync(dir, { recursive: true }).toSorted()).toEqual(before);
  });
});
