// A cluster in which every connection is encrypted and both its ends show certificates, with the
// certificates and settings of docs/secure.md.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/operate/outcome.ts';
import { MESOSCALE } from '../support/bundle.ts';
import { freePort, LITTLE, Program, TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const execute = promisify(execFile);
const page = readFileSync(join(root, 'docs', 'secure.md'), 'utf8');
const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? '');
const blockOf = (start: string) => blocks.find((text) => text.startsWith(start)) ?? '';

let folder: string;
let cluster: TestCluster;

/** The variables of the page, with files of this folder. */
const variables = () =>
  Object.fromEntries(
    [...blockOf('export').matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
      name,
      value.replace('/etc/mesoscale', folder),
    ]),
  );

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-e2e-tls-'));
  const commands = blockOf('openssl')
    .replaceAll('one.example.com', 'localhost')
    .replaceAll('10.0.0.1', '127.0.0.1');
  await execute('sh', ['-ec', commands], { cwd: folder });
  cluster = new TestCluster(undefined, variables());
  await cluster.start();
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

const task = (id: string, value: string) => ({
  name: id,
  task_id: { value: id },
  agent_id: { value: '' },
  resources: LITTLE,
  command: { value },
});

const metrics = async (address: string) =>
  (await cluster.get('/metrics/snapshot', address)) as Record<string, number>;

test('commands run tasks, follow what these print, and attach to them', async () => {
  const program = cluster.execute('hello', 'task', task('hello', 'echo said; sleep 100'));
  await until('the output is shown', () => program.log.includes('said'));
  const master = `--master=https://${cluster.address.replace('127.0.0.1', 'localhost')}`;
  const exec = cluster.run(['task', master, 'exec', 'hello', 'echo', 'inside'], 'exec.log');
  expect(await exec.ended()).toBe(0);
  expect(exec.log).toBe('inside\n');
  await program.kill('SIGINT');
  const file = join(folder, 'tasks.csv');
  writeFileSync(file, 'command,cpus,mem\necho one,0.1,16\necho two,0.1,16\n');
  const batch = cluster.run(['batch', file, master], 'batch.log');
  expect(await batch.ended(), batch.log).toBe(0);
  const stdout = join(`${file}.results`, 'tasks', '2-task-2', 'stdout');
  expect(readFileSync(stdout, 'utf8')).toBe('two\n');
  const images = cluster.run(['image', `--agent=${cluster.agent}`, 'list'], 'image.log');
  await images.ended();
  expect(images.log).toContain('--image_providers');
});

test('nothing was said without TLS, and no handshake has failed', async () => {
  for (const address of [cluster.address, cluster.agent]) {
    expect(await metrics(address)).toMatchObject({
      'tls/connections_downgraded': 0,
      'tls/connections_without_tls': 0,
      'tls/handshake_failures': 0,
      'tls/certificate_reload_failures': 0,
    });
  }
});

test('a master that is killed is found again by its agent', async () => {
  await cluster.master.kill('SIGKILL');
  await cluster.startMaster([`--audit_log=${join(folder, 'audit.log')}`]);
  await cluster.agentRegistered();
});

test('who speaks no TLS, or shows no certificate, is told so, and gets no further', async () => {
  const plain = await fetch(`http://${cluster.address}/state`);
  expect([plain.status, await plain.text()]).toEqual([
    400,
    expect.stringContaining('This port speaks TLS'),
  ]);
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('LIBPROCESS_'));
  const bare = { ...Object.fromEntries(others), NODE_OPTIONS: '' };
  const run = (environment: object, ...parameters: string[]) =>
    execute(process.execPath, [MESOSCALE, ...parameters], {
      env: { ...bare, ...environment },
      timeout: 30_000,
    }).catch((error: { stdout: string; stderr: string }) => error);
  const hello = ['--name=x', '--command=true'];
  const without = await run({}, 'execute', `--master=${cluster.address}`, ...hello);
  expect(without.stdout + without.stderr).toContain('This port speaks TLS');
  const nobody = await run({}, 'execute', `--master=https://${cluster.address}`, ...hello);
  expect(nobody.stdout + nobody.stderr).toContain('it shows no certificate');
  const line = await until('the audit log tells', () =>
    readFileSync(join(folder, 'audit.log'), 'utf8')
      .split('\n')
      .find((each) => each.includes('"TLS"')),
  );
  expect(JSON.parse(line)).toMatchObject({
    address: '127.0.0.1',
    call: 'TLS',
    allowed: false,
    rule: expect.stringContaining('authentication: it shows no certificate'),
  });
  const work = join(folder, 'agent');
  const start = ['agent', '--ip=127.0.0.1', `--port=${await freePort()}`, `--work_dir=${work}`];
  const asked = await run({}, ...start, `--master=https://${cluster.address}`);
  expect(asked.stderr).toContain('--master=https://… needs --ssl_enabled');
  const agent = new Program([...start, `--master=${cluster.address}`], join(folder, 'plain.log'), {
    environment: { ...bare, LIBPROCESS_SSL_ENABLED: 'false' },
  });
  await until('it says why', () => agent.log.includes('This port speaks TLS'));
  await agent.kill('SIGKILL');
});

test('a key that does not fit ends a program in one line', async () => {
  const program = cluster.run(
    ['master', `--ssl_key_file=${join(folder, 'ca.key')}`, `--work_dir=${join(folder, 'x')}`],
    'wrong.log',
  );
  expect(await program.ended()).toBe(1);
  expect(program.log).toMatch(
    /^mesoscale master: --ssl_key_file: the key in .* does not fit .*\n$/,
  );
});

test.each(['agent list', 'events'])(
  '%s says that a server is not who was dialled',
  async (verb) => {
    const asked = ['--ssl_hostname_validation_scheme=openssl', '--no-ssl_verify_ipadd'];
    const master = `--master=https://${cluster.address}`;
    const program = cluster.run([...verb.split(' '), master, ...asked], `${verb}.log`);
    expect(await program.ended()).toBe(EXIT.unreachable);
    expect(program.log).toMatch(
      /^mesoscale \S+(?: list)?: no master answers at .*its certificate is refused: 127\.0\.0\.1 was dialled by its address.*\n$/,
    );
  },
);
