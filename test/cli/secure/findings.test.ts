// What `secure check` finds in files and flags; test/e2e/secure.test.ts has masters and agents.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../../src/cli/agent/flags.ts';
import { parseFlags } from '../../../src/cli/flags/parse.ts';
import { flagTexts } from '../../../src/cli/flags/print.ts';
import { MASTER_FLAGS } from '../../../src/cli/master/flags.ts';
import { makeClusterFolder } from '../../../src/cli/secure/cluster-folder.ts';
import { fileFindings } from '../../../src/cli/secure/file-findings.ts';
import { flagOpenings } from '../../../src/cli/secure/flag-findings.ts';
import { hostFiles, layoutOf } from '../../../src/cli/secure/layout.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-findings-'));
afterAll(() => rmSync(folder, { recursive: true }));
const dir = join(folder, 'cluster');
const layout = layoutOf(dir);
beforeAll(() =>
  makeClusterFolder(dir, { machines: [['one']], principals: [] }, { days: 20, installed: dir }),
);

const EXPIRES = expect.stringMatching(/^the certificate expires at \d{4}-.*Z$/);

test('files that others read, lists that allow, certificates that end or are none', async () => {
  chmodSync(layout.credentials, 0o640);
  writeFileSync(layout.acls, '{"permissive": true}');
  const { certificate } = hostFiles(layout.host('one'));
  const other = join(dir, 'hosts', 'other.pem');
  writeFileSync(other, 'none', { mode: 0o600 });
  symlinkSync('nowhere', join(dir, 'link.pem'));
  const findings = await fileFindings(dir);
  expect(findings.map(({ place, what }) => [place, what])).toEqual([
    [layout.acls, 'what no rule is about is allowed'],
    [join(layout.executors, 'certificate.pem'), EXPIRES],
    [certificate, EXPIRES],
    [other, 'it is no certificate'],
    [layout.credentials, 'others than its user may use it (mode 0640)'],
  ]);
  expect(findings.at(-1)?.remedy).toBe(`chmod go= ${layout.credentials}`);
});

test('secrets of two principals, those of agents that call agents, and what executors may read', async () => {
  const other = join(folder, 'shared');
  const { principal, credentials, httpCredentials, executors } = layoutOf(other);
  const principals = (['agent', 'operator'] as const).map((kind) => ({
    kind,
    name: kind,
    reach: { roles: ['*'], users: ['u'] },
  }));
  await makeClusterFolder(
    other,
    { machines: [['one']], principals },
    { days: 60, installed: other },
  );
  expect(await fileFindings(other)).toEqual([]);
  const secret = JSON.parse(readFileSync(join(principal('agent'), 'credential.json'), 'utf8'));
  const both = [secret, { principal: 'operator', secret: secret.secret }];
  for (const file of [credentials, httpCredentials]) {
    writeFileSync(file, JSON.stringify({ credentials: both }));
  }
  chmodSync(join(executors, 'key.pem'), 0o666);
  const findings = await fileFindings(other);
  expect(findings.map(({ place, what }) => [place, what])).toEqual([
    [credentials, 'operator has the secret of agent'],
    [httpCredentials, 'agent, whose secret is on agents to register them, also calls agents'],
    [httpCredentials, 'operator has the secret of agent'],
    [join(executors, 'key.pem'), 'others than its user may use it (mode 0666)'],
  ]);
  expect(findings.at(-1)?.remedy).toMatch(/^chmod go=rX /);
  expect(JSON.stringify(findings)).not.toContain(secret.secret);
});

test('lists that cannot be read, and a folder of something else', async () => {
  writeFileSync(layout.acls, '{');
  await expect(fileFindings(dir)).rejects.toThrow(`${layout.acls} cannot be read: `);
  const many = join(folder, 'many');
  mkdirSync(many);
  await expect(fileFindings(many)).rejects.toThrow('expected a folder of secure init');
  writeFileSync(join(many, 'acls.json'), '{}');
  for (let index = 0; index <= 10_000; index++) {
    writeFileSync(join(many, String(index)), '');
  }
  await expect(fileFindings(many)).rejects.toThrow(`${many} has more than 10000 files`);
});

const shownBy = (table: typeof MASTER_FLAGS | typeof AGENT_FLAGS, ...argv: string[]) => {
  const { values, given } = parseFlags(table as typeof MASTER_FLAGS, { argv, environment: {} });
  return flagTexts(table as typeof MASTER_FLAGS, values, given);
};
const remedies = (kind: 'master' | 'agent', ...argv: string[]) =>
  flagOpenings(kind, shownBy(kind === 'master' ? MASTER_FLAGS : AGENT_FLAGS, ...argv))
    .filter(({ isAdvice }) => isAdvice !== true)
    .map(({ remedy }) => remedy);

const TLS = [
  '--ssl_enabled',
  '--ssl_require_client_cert',
  '--ssl_hostname_validation_scheme=openssl',
  '--audit_log=/a',
];
const ACLS = '--acls={"permissive": false}';
const LIMITS = '--rate_limits={"aggregate_default_qps": 100}';

test.each([
  [
    'master',
    [
      '--authenticate_agents',
      '--authenticate_http_frameworks',
      '--authenticate_http_readwrite',
      '--credentials=/c',
      LIMITS,
    ],
  ],
  ['agent', ['--authenticate_http_executors', '--authenticate_http_readwrite', '--credential=/c']],
] as const)('a closed %s, and one that lacks a flag', (kind, closing) => {
  expect(remedies(kind, ...closing, ...TLS, ACLS)).toEqual([]);
  for (const flag of closing.filter((each) => each !== '--credentials=/c')) {
    const others = closing.filter((each) => each !== flag);
    expect(remedies(kind, ...others, ...TLS, ACLS)).toEqual([
      expect.stringContaining(flag.replace(/=.*/, '')),
    ]);
  }
  expect(remedies(kind, ...closing, ...TLS)).toEqual(['Start it with --acls=FILE.']);
  expect(remedies(kind, ...closing, ...TLS, '--acls={}')).toEqual([
    'Set "permissive": false in them.',
  ]);
  expect(remedies(kind, ...closing, ACLS, '--audit_log=/a')).toEqual([
    expect.stringContaining('--ssl_verify_server_cert'),
  ]);
  for (const flag of TLS.slice(2)) {
    const others = TLS.filter((each) => each !== flag);
    expect(remedies(kind, ...closing, ...others, ACLS)).toEqual([
      expect.stringContaining(flag.replace(/=.*/, '')),
    ]);
  }
  expect(remedies(kind, ...closing, ...TLS, ACLS, '--ssl_enable_tls_v1_0')).toEqual([
    'Start it without --ssl_enable_tls_v1_0.',
  ]);
  expect(remedies(kind, ...closing, ...TLS, ACLS, '--no-require_peer_address_ip_match')).toEqual([
    'Start it with --require_peer_address_ip_match.',
  ]);
});

test('an agent whose tasks can be as mighty as root, whatever lists say of users', () => {
  const closing = ['--authenticate_http_executors', '--authenticate_http_readwrite'];
  const found = (...argv: string[]) =>
    flagOpenings(
      'agent',
      shownBy(AGENT_FLAGS, ...closing, '--credential=/c', ...TLS, ACLS, ...argv),
    ).map(({ what }) => what);
  const bounds = '--bounding_capabilities={"capabilities": ["CHOWN"]}';
  expect(found('--containerizers=mesos', '--isolation=posix/cpu')).toEqual([]);
  expect(found('--containerizers=docker,mesos')).toEqual([expect.stringContaining('type DOCKER')]);
  expect(found('--isolation=filesystem/linux,linux/capabilities')).toEqual([
    expect.stringContaining('may ask for all capabilities'),
  ]);
  expect(found('--containerizers=docker', '--isolation=linux/capabilities', bounds)).toEqual([]);
});

test('flags go by their older names, too, and those of Apache Mesos may be fewer', () => {
  expect(
    remedies('master', '--authenticate_slaves', '--authenticate_http', ...TLS, ACLS, LIMITS),
  ).toEqual(['Start it with --authenticate_http_frameworks.']);
  expect(flagOpenings('master', { acls: '{"permissive":false}', ip: '127.0.0.1' })).toMatchObject([
    { isAdvice: true },
  ]);
});

test('frameworks without a limit, which is advice where only this machine reaches the master', () => {
  const found = (...flags: string[]) =>
    flagOpenings('master', shownBy(MASTER_FLAGS, ...flags)).filter(({ remedy }) =>
      remedy.includes('--rate_limits'),
    );
  expect(found('--ip=127.0.0.1')).toMatchObject([{ isAdvice: true }]);
  for (const beyond of [['--ip=10.0.0.1'], []]) {
    const [opening] = found(...beyond);
    expect(opening).toMatchObject({ what: expect.stringContaining('its time') });
    expect(opening).not.toHaveProperty('isAdvice');
  }
  const limits = (text: string) => found('--ip=10.0.0.1', `--rate_limits=${text}`);
  expect(limits('{"limits": [{"principal": "a", "qps": 1}]}')).toHaveLength(1);
  expect(limits('{"limits": [{"principal": "a"}], "aggregate_default_qps": 9}')).toEqual([]);
});

test('lists by which every framework runs tasks as root', () => {
  const openings = (principals: object, ...flags: string[]) => {
    const acls = { permissive: false, run_tasks: [{ principals, users: { type: 'ANY' } }] };
    const shown = shownBy(MASTER_FLAGS, ...TLS, `--acls=${JSON.stringify(acls)}`, ...flags);
    return flagOpenings('master', shown).map(({ what }) => what);
  };
  const what = 'every framework may run tasks as root';
  expect(openings({ type: 'ANY' })).toContain(what);
  expect(openings({ type: 'ANY' }, '--no-root_submissions')).not.toContain(what);
  expect(openings({ values: ['trusted'] })).not.toContain(what);
});
