// The closed cluster of docs/secure.md, as the page's reader makes and uses it: every command of
// its first part. The machines are addresses of the loopback.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, Program, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const page = readFileSync(join(root, 'docs', 'secure.md'), 'utf8');
const commands = page.match(/(?<=^ {4})(?:export|mesoscale|set -a).*$/gm) ?? [];

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-e2e-secure-'));
/** Where the page's machines have their files. */
const installed = join(folder, 'etc');
const { username } = userInfo();
let ports: { readonly master: number; readonly agent: number };
let master: Program | undefined;
let agent: Program | undefined;

/** The one command of the page that begins like this, with addresses and folders of this test. */
function documented(beginning: string): string {
  const [command = '', ...others] = commands.filter((it) => it.startsWith(beginning));
  expect(others).toEqual([]);
  return command
    .replaceAll('/etc/mesoscale', installed)
    .replaceAll('/var/lib/mesoscale', join(folder, 'var'))
    .replaceAll('--users=build', `--users=${username}`)
    .replaceAll('10.0.0.', '127.0.0.')
    .replaceAll(':5050', `:${ports.master}`)
    .replaceAll(':5051', `:${ports.agent}`);
}

interface Ended {
  readonly status: number | string | null | undefined;
  readonly output: string;
}

function shell(...lines: readonly string[]): Promise<Ended> {
  const PATH = `${join(root, 'bin')}:${process.env.PATH}`;
  return new Promise((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', lines.join('\n')],
      { cwd: folder, env: { ...process.env, PATH } },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

/** The variables that lines of the page set. */
async function variablesOf(lines: string): Promise<Readonly<Record<string, string>>> {
  const { output } = await shell(lines, 'env');
  const set = output.split('\n').filter((each) => /^(MESOS|LIBPROCESS)_\w+=/.test(each));
  return Object.fromEntries(set.map((each) => each.split(/=(.*)/s, 2) as [string, string]));
}

/** Starts a server by the page's lines about it. */
async function started(environment: readonly string[], command: string, flags: readonly string[]) {
  const [, ...parameters] = documented(command).split(' ');
  const [name] = parameters;
  return new Program([...parameters, ...flags], join(folder, `${name}.log`), {
    environment: await variablesOf(environment.map(documented).join('\n')),
  });
}

/** The files of the cluster, but for those of the authority, as the page says. */
const bring = () =>
  cpSync(join(folder, 'cluster'), installed, {
    recursive: true,
    filter: (path) => path !== join(folder, 'cluster', 'authority'),
  });

beforeAll(async () => {
  ports = { master: await freePort(), agent: await freePort() };
  const made = await shell(documented('mesoscale secure init'));
  expect(made.status, made.output).toBe(0);
  bring();
  master = await started(
    ['set -a; . /etc/mesoscale/hosts/one', 'export MESOS_RATE_LIMITS'],
    'mesoscale master',
    [`--port=${ports.master}`],
  );
  agent = await started(['set -a; . /etc/mesoscale/hosts/two'], 'mesoscale agent', [
    `--port=${ports.agent}`,
    `--runtime_dir=${join(folder, 'run')}`,
    '--resources=cpus:4;mem:2048;disk:1024',
    '--registration_backoff_factor=10ms',
    '--no-switch_user',
  ]);
  await until('the agent is registered', () => master?.log.includes('Added agent'));
  const added = await shell(
    documented('mesoscale secure add host'),
    documented('mesoscale secure add framework'),
    documented('mesoscale secure add viewer'),
  );
  expect(added.status, added.output).toBe(0);
  bring();
});
afterAll(async () => {
  await agent?.kill('SIGUSR1');
  await master?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const as = (principal: string) => documented(`set -a; . /etc/mesoscale/principals/${principal}/`);
const execute = () => `${documented('mesoscale execute')} --resources='cpus:0.1;mem:32'`;

test('a command runs, and so does a batch', async () => {
  const hello = await shell(as('framework'), execute());
  expect(hello.status, hello.output).toBe(0);
  expect(hello.output).toMatch(/^hello$/m);
  writeFileSync(join(folder, 'tasks.csv'), 'name,command\none,echo 1\ntwo,echo 2\n');
  const batch = await shell(
    as('framework'),
    `mesoscale batch tasks.csv --master=127.0.0.1:${ports.master} --cpus=0.1 --mem=32 --results=results`,
    'cat results/tasks/*/stdout',
  );
  expect(batch.status, batch.output).toBe(0);
  expect(batch.output).toMatch(/^1\n2$/m);
});

test('executors are told of a certificate, and may read its key', async () => {
  const read = execute().replace(
    /'echo hello'/,
    `'test -r "$LIBPROCESS_SSL_KEY_FILE" && echo can'`,
  );
  const { output } = await shell(as('framework'), read);
  expect(output).toMatch(/^can$/m);
});

test('nothing is open', async () => {
  const checked = await shell(
    as('operator'),
    `${documented('mesoscale secure check')} --dir=${join(folder, 'cluster')}`,
  );
  expect(checked).toEqual({
    status: 0,
    output: 'Nothing is open\n',
  });
});

test.each([
  [
    'no secret',
    'unset MESOS_SECRET MESOS_PRINCIPAL',
    'the master wants a principal and its secret',
  ],
  ['another secret', 'MESOS_SECRET=another', "'framework' with this secret"],
  ['the name of another principal', 'MESOS_PRINCIPAL=operator', "'operator' with this secret"],
])('who has %s is refused', async (_, change, why) => {
  const refused = await shell(as('framework'), change, execute());
  expect(refused.status, refused.output).toBe(1);
  expect(refused.output).toContain(why);
});

test('an operator is no framework, and a framework no operator', async () => {
  const run = await shell(as('operator'), execute());
  expect(run.status, run.output).toBe(1);
  expect(run.output).toMatch(/not authorized/i);
  await until('the audit log has it', () =>
    readFileSync(join(folder, 'var', 'master', 'audit.log'), 'utf8')
      .split('\n')
      .some((line) => /"operator".*"REGISTER_FRAMEWORK".*"allowed":false/.test(line)),
  );
  const checked = await shell(as('framework'), documented('mesoscale secure check'));
  expect(checked.status).toBe(1);
  expect(checked.output).toContain('its flags are not shown to framework (status 403)');
});

test('who has no certificate, or does not encrypt, is told nothing', async () => {
  const check = documented('mesoscale secure check');
  const strange = await shell(
    as('operator'),
    'unset LIBPROCESS_SSL_CERT_FILE LIBPROCESS_SSL_KEY_FILE',
    check,
  );
  expect(strange.status).toBe(1);
  expect(strange.output).toContain('it shows no certificate');
  const plain = await shell(as('operator'), 'unset LIBPROCESS_SSL_ENABLED', check);
  expect(plain.status).toBe(1);
  expect(plain.output).toContain('This port speaks TLS, and the request came without');
});

test('principals that were added are let in without a restart', async () => {
  const line = as('framework').replaceAll('/framework/', '/nightly/');
  const run = `${execute()} --role=nightly`;
  await until('the new principal is let in', async () => {
    const { status, output } = await shell(line, run);
    return status === 0 && /^hello$/m.test(output);
  });
  const elsewhere = await shell(line, execute());
  expect(elsewhere.status).toBe(1);
  expect(elsewhere.output).toMatch(/not authorized/i);
});
