// Every block of code in the documentation is run on a real cluster, or read by what it is meant
// for, or listed below with the reason why not.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTaskFile } from '../../src/cli/batch/task-file.ts';
import { closedCluster } from '../support/closed-cluster.ts';
import { freePort, Program, TestCluster, until } from '../support/cluster.ts';
import { root, sources } from '../support/sources.ts';

/**
 * Blocks and lines that are not run here, by their beginnings, each with the test that covers it or
 * the reason why none does.
 */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm start': 'test/e2e/local.test.ts',
  'npm test': 'it would run itself',
  'kill -9 $(cat var/master.pid)': 'test/e2e/local.test.ts',
  'npm run bench': 'takes minutes; test/e2e/output.test.ts runs the help of each suite',
  'npm run conformance': 'needs recorded exchanges',
  '[{"name": "disk"': 'needs a mounted disk; test/cli/resources.test.ts reads such lists',
  'mesoscale secure': 'test/e2e/secure.test.ts',
  'mesoscale registry': 'test/cli/registry',
  'set -a': 'test/e2e/secure.test.ts',
  '{"limits": [': 'test/master/rate-limits.test.ts',
  '{"time":"': 'test/agent/audit.test.ts',
  'openssl req': 'test/e2e/tls.test.ts',
  'cd /etc/mesoscale/principals/operator': 'test/e2e/closed.test.ts, and webui-tls.test.ts',
  'import pathlib, requests': 'needs the package requests of Python',
  '--executor_environment_variables=': 'test/cli/agent-options.test.ts reads such variables',
  '/var/lib/mesoscale/master/audit.log {': 'it is for logrotate',
  'export LIBPROCESS_SSL_ENABLED': 'test/e2e/tls.test.ts',
  'scrape_configs:': 'test/e2e/prometheus.test.ts',
  'scheme: https': 'test/e2e/closed-prometheus.test.ts',
  'npm install --global': 'test/e2e/package.test.ts',
  'dpkg -i': 'test/e2e/debian-package.test.ts',
  'tar xzf mesoscale': 'test/e2e/debian-package.test.ts',
  'echo 10.0.0.1 > /etc/mesos-master/ip': 'test/e2e/debian-package.test.ts',
  'curl -': 'the conversation by hand has a test of its own below',
  'node_modules/.bin/node example.mjs': 'test/e2e/documented-framework.test.ts',
  'import { FrameworkInfo_Capability_Type as Capability': 'test/e2e/documented-framework.test.ts',
  'node_modules/.bin/node example.mts': 'test/e2e/documented-core.test.ts',
  'subscribed; waiting for an offer': 'test/e2e/documented-framework.test.ts',
  'import {\n  AgentInfo_Capability_Type': 'test/e2e/documented-core.test.ts',
  'first: agent-1 to analysis': 'test/e2e/documented-core.test.ts',
  'mesoscale master: --port expects a free port': 'test/e2e/start.test.ts',
};

/**
 * Pages whose blocks are signatures of the core's exports, which test/core/wrong-calls.test.ts and
 * others call; examples of verbs, which test/e2e/operate runs; and of calls, which
 * api-reference.test.ts makes.
 */
const REFERENCES = new Set(['asm/README.md', 'docs/commands.md', 'docs/http-api.md']);

interface Block {
  readonly page: string;
  readonly text: string;
}

function blocksOf({ path, text }: { path: string; text: string }): Block[] {
  const fenced = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, inner]) => inner ?? '');
  const rest = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const indented = [...rest.matchAll(/(?<=\n\n)(?: {4}.*\n?)+/g)].map(([block]) =>
    block.replaceAll(/^ {4}/gm, ''),
  );
  return [...fenced, ...indented].map((block) => ({ page: path, text: block.trimEnd() }));
}

/**
 * Pages whose commands need a cluster of their own: documented-containers.test.ts, images.test.ts,
 * docker.test.ts and networks/documented.test.ts, beside this.
 */
const WITH_CLUSTERS = new Set(
  ['containers', 'docker', 'images', 'networks'].map((name) => `docs/${name}.md`),
);

const blocks = ['README.md', 'docs/*.md', '{asm,bench,examples}/**/*.md']
  .flatMap(sources)
  .filter(({ path }) => !REFERENCES.has(path) && !WITH_CLUSTERS.has(path))
  .flatMap(blocksOf);

const isElsewhere = (text: string) => Object.keys(ELSEWHERE).some((head) => text.startsWith(head));

const COMMANDS = /^(bin\/mesoscale|mesos-master|mesos-agent|curl|npm|kill|node_modules)\b/;
const isShell = ({ text }: Block) => COMMANDS.test(text);
const isTasks = ({ text }: Block) => /^(\w+,)*command\b/.test(text) || /^\{.*"command"/.test(text);
const isAcls = ({ text }: Block) => text.startsWith('{"run_tasks"');

const cluster = new TestCluster();
/** Of the master, for curl. */
let plain: string;
beforeAll(async () => {
  await cluster.start({ agent: ['--attributes=rack:rack-1;zone:a;gpu_model:a100'] });
  plain = await cluster.plainAddress();
  writeFileSync(
    join(cluster.folder, 'tasks.csv'),
    blocks.find(({ text }) => text.startsWith('name,command,cpus'))?.text ?? '',
  );
});
afterAll(() => cluster.stop());

interface Ended {
  readonly status: number | string | null | undefined;
  readonly output: string;
}

function shell(command: string, environment = {}, timeoutMs = 60_000): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', command],
      { cwd: cluster.folder, timeout: timeoutMs, env: { ...process.env, ...environment } },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

/** The command with the addresses and folders of this test. */
const here = (command: string) =>
  command
    .replace(/ +#.*$/, '')
    .replaceAll('127.0.0.1:5050', command.startsWith('curl ') ? plain : cluster.address)
    .replace(
      'examples/checksums.csv',
      `${join(root, 'examples/checksums.csv')} --results=checksums`,
    )
    .replace(
      /^bin\/mesoscale (batch|execute) (?!.*--master)/,
      `bin/mesoscale $1 --master=${cluster.address} `,
    )
    .replace(/^bin\//, `${root}/bin/`);

test('every block is of a kind that is tried, or named with a reason', () => {
  expect(blocks.length).toBeGreaterThan(20);
  const strange = blocks.filter(
    (block) => !isElsewhere(block.text) && ![isShell, isTasks, isAcls].some((is) => is(block)),
  );
  expect(strange).toEqual([]);
});

const lines = blocks
  .filter((block) => isShell(block))
  .flatMap(({ page, text }) => text.split('\n').map((line) => ({ page, line })))
  .filter(({ line }) => line.trim() !== '' && !isElsewhere(line));

describe('commands do what they are shown for', () => {
  const once = lines.filter(({ line }) => !/^mesos-(master|agent) /.test(line));

  test.each(once)('$page: $line', async ({ line }) => {
    const { status, output } = await shell(here(line));
    expect(status, output).toBe(0);
  });

  test('a cluster of machines', async () => {
    const ports = { master: await freePort(), agent: await freePort() };
    const servers = lines.filter(({ line }) => /^mesos-(master|agent) /.test(line));
    expect(servers).toHaveLength(2);
    for (const { line } of servers) {
      const [name = '', ...flags] = line
        .replaceAll(/10\.0\.0\.\d+(?=:5050)/g, '127.0.0.1')
        .replaceAll(/10\.0\.0\.\d+/g, '127.0.0.1')
        .replace(':5050', `:${ports.master}`)
        .replaceAll('/var/lib/mesos', join(cluster.folder, 'machines'))
        .split(' ');
      const kind = name === 'mesos-master' ? 'master' : 'agent';
      cluster.run([kind, ...flags, `--port=${ports[kind]}`], `${name}.log`);
    }
    await until('the agent is registered', async () => {
      const { slaves } = (await cluster.get('/slaves', `127.0.0.1:${ports.master}`)) as {
        slaves: unknown[];
      };
      return slaves.length === 1;
    });
  });
});

test('task files can be read', () => {
  const files = blocks.filter(isTasks);
  expect(files.length).toBeGreaterThan(3);
  for (const { text } of files) {
    const options = { cpus: 1, mem: 32, role: '*', retries: 0, constraints: [] };
    expect(readTaskFile(text, options).length, text).toBeGreaterThan(0);
  }
});

test('the access control lists leave a cluster that works, for those who may', async ({ skip }) => {
  skip(closedCluster() !== undefined, 'it has lists and credentials of its own');
  const [lists] = blocks.filter(isAcls);
  const me = (await shell('id -un')).output.trim();
  const folder = join(cluster.folder, 'acls');
  mkdirSync(folder);
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const other = new TestCluster();
  const credentials = ['ops', 'guest'].map((principal) => ({ principal, secret: `${principal}!` }));
  const acls = file('acls.json', (lists?.text ?? '').replace('"build"', JSON.stringify(me)));
  try {
    await other.start({
      master: [
        `--acls=${acls}`,
        '--authenticate_http_frameworks',
        `--credentials=${file('credentials.json', JSON.stringify({ credentials }))}`,
      ],
      agent: [`--acls=${acls}`],
    });
    const run = (principal: string) =>
      new Program(
        [
          'execute',
          `--master=${other.address}`,
          `--name=of-${principal}`,
          '--command=echo allowed',
          '--resources=cpus:0.1;mem:32',
          `--principal=${principal}`,
          `--secret=${principal}!`,
        ],
        join(folder, `${principal}.log`),
      );
    const ops = run('ops');
    expect(await ops.ended(), ops.log).toBe(0);
    expect(ops.log).toMatch(/^allowed$/m);
    const guest = run('guest');
    expect(await guest.ended()).not.toBe(0);
    expect(guest.log).toMatch(/not authorized/i);
  } finally {
    await other.stop();
  }
});

test('a framework by hand: each request as the page has it', async () => {
  const page = readFileSync(join(root, 'docs', 'write-a-framework.md'), 'utf8');
  const [subscribe = '', ...calls] = page.match(/(?<=^ {4})curl -.*$/gm) ?? [];
  expect(calls).toHaveLength(2);
  const stream = spawn('/bin/sh', ['-c', `exec ${here(subscribe)}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let received = '';
  stream.stdout.on('data', (data) => {
    received += data;
  });
  const found = (pattern: RegExp) => until(`${pattern}`, () => pattern.exec(received)?.[1]);
  const ids = {
    STREAM: await found(/^Mesos-Stream-Id: (\S+)/im),
    FRAMEWORK: await found(/"framework_id":\{"value":"([^"]+)/),
    OFFER: await found(/"offers":\[\{.*?"id":\{"value":"([^"]+)/),
    AGENT: await found(/"agent_id":\{"value":"([^"]+)/),
  };
  const [accept = '', acknowledge = ''] = calls;
  expect((await shell(here(accept), ids)).output).toMatch(/^HTTP\/1\.1 202/m);
  const UUID = await found(/"uuid":"([^"]+)/);
  expect((await shell(here(acknowledge), { ...ids, UUID })).output).toMatch(/^HTTP\/1\.1 202/m);
  // The next update comes only after the first was acknowledged.
  await until('the task runs', () => received.includes('"TASK_RUNNING"'));
  stream.kill('SIGKILL');
});
