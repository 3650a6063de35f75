// Secrets of every kind, each with a mark in it, while tasks run that use them: no mark is in the
// parameters of any program, in a log, in what endpoints show, or in a file that others can read.
// This needs root, as containers with images and volumes of secrets do.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { archiveOf } from '../containerizer/images/archives.ts';
import { TestRegistry } from '../containerizer/images/registry/test-registry.ts';
import { putBusybox } from '../support/busybox-image.ts';
import { LITTLE, Program, TestCluster, until } from '../support/cluster.ts';
import { startFlags } from '../support/documented-flags.ts';
import { root } from '../support/sources.ts';

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;
const DAEMON = 1;
/** Programs that master, agent and `secure` start, as far as this machine has them. */
const PROGRAMS = ['crun', 'runc', 'du', 'find', 'openssl'];

const MARKS = {
  agent: 'marked-secret-of-the-agent',
  framework: 'marked-secret-of-a-framework',
  operator: 'marked-secret-of-an-operator',
  tokenKey: 'marked-key-of-all-tokens',
  login: 'marked-login-of-the-agent',
  ownLogin: 'marked-login-of-the-image',
  variable: 'marked-value-of-a-variable',
  reference: 'marked-value-by-reference',
  volume: 'marked-value-of-a-volume',
} as const;

/** In base64 a text has one of three forms, by what is before it; its ends depend on neighbours. */
const forms = (mark: string): readonly string[] => [
  mark,
  Buffer.from(mark).toString('hex'),
  ...['', '-', '--'].map((before) =>
    Buffer.from(before + mark)
      .toString('base64')
      .slice(4, -4),
  ),
];
const needles = Object.values(MARKS).flatMap(forms);
const marksIn = (text: string, all = needles) => all.filter((needle) => text.includes(needle));

const cluster = new TestCluster();
const frameworks: Program[] = [];
let registry: TestRegistry;
let record: string;

function file(name: string, content: object | string): string {
  const path = join(cluster.folder, name);
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A folder in front of the others in PATH, whose programs write down how they are started. */
function recordPrograms(): void {
  record = join(cluster.folder, 'started');
  writeFileSync(record, '');
  chmodSync(record, 0o666);
  const folder = join(cluster.folder, 'programs');
  mkdirSync(folder);
  const { PATH = '' } = process.env;
  for (const name of PROGRAMS) {
    const real = PATH.split(':').find((it) => existsSync(join(it, name)));
    if (real !== undefined) {
      const lines = ['#!/bin/sh', `echo "${name} $*" >> ${record}`, `exec ${real}/${name} "$@"`];
      writeFileSync(join(folder, name), `${lines.join('\n')}\n`, { mode: 0o755 });
    }
  }
  vi.stubEnv('PATH', `${folder}:${PATH}`);
}

const login = (secret: string) => ({
  auths: { [registry.host]: { auth: Buffer.from(`puller:${secret}`).toString('base64') } },
});

const byValue = (text: string) => ({
  type: 'VALUE',
  value: { data: Buffer.from(text).toString('base64') },
});
const environment = {
  variables: [
    { name: 'V', type: 'SECRET', secret: byValue(MARKS.variable) },
    {
      name: 'R',
      type: 'SECRET',
      secret: { type: 'REFERENCE', reference: { name: 'db', key: 'password' } },
    },
  ],
};

/** Runs a task as a framework that has to authenticate. */
function execute(name: string, task: object): Program {
  const common = { name, task_id: { value: name }, agent_id: { value: '' }, resources: LITTLE };
  const path = file(`${name}.json`, { ...common, ...task });
  const program = new Program(
    ['execute', `--master=${cluster.address}`, `--task=${path}`],
    join(cluster.folder, `${name}.log`),
    { environment: { MESOS_PRINCIPAL: 'framework', MESOS_SECRET: MARKS.framework } },
  );
  frameworks.push(program);
  return program;
}

/** The parameters of all programs that have been seen. */
const seen = new Set<string>();
const lookAtPrograms = () => {
  for (const { text } of processes('cmdline')) {
    seen.add(text);
  }
};

/** What the kernel says of each process that there is; '' where it has ended meanwhile. */
function processes(name: 'cmdline' | 'environ'): { pid: string; text: string }[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => {
      try {
        return { pid, text: readFileSync(`/proc/${pid}/${name}`, 'latin1') };
      } catch {
        return { pid, text: '' };
      }
    });
}

beforeAll(async () => {
  if (!isRoot) {
    return;
  }
  vi.stubEnv('GLOG_v', '3');
  registry = await TestRegistry.open();
  putBusybox(registry, 'marked');
  const auth = `Basic ${Buffer.from(`puller:${MARKS.ownLogin}`).toString('base64')}`;
  registry.intercept = ({ headers }, response) => {
    const isKnown = headers.authorization === auth;
    if (!isKnown) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="images"' }).end();
    }
    return !isKnown;
  };
  chmodSync(cluster.folder, 0o755);
  recordPrograms();
  const secrets = join(cluster.folder, 'secrets');
  mkdirSync(secrets, { mode: 0o700 });
  file('secrets/db', { password: MARKS.reference });
  const agent = { principal: 'agent', secret: MARKS.agent };
  const framework = { principal: 'framework', secret: MARKS.framework };
  const operator = { principal: 'operator', secret: MARKS.operator };
  const credentials = file('credentials', { credentials: [agent, framework, operator] });
  const executors = file('tokens.key', MARKS.tokenKey);
  const page = readFileSync(join(root, 'docs', 'images.md'), 'utf8');
  await cluster.start({
    master: [
      `--credentials=${credentials}`,
      '--authenticate_agents',
      '--authenticate_http_frameworks',
    ],
    agent: [
      ...startFlags(page).map((flag) => flag.replace(/(--isolation=.*)/, '$1,volume/secret')),
      '--switch_user',
      `--credential=${file('credential', agent)}`,
      `--http_credentials=${file('http-credentials', { credentials: [operator] })}`,
      '--authenticate_http_executors',
      `--jwt_secret_key=${executors}`,
      `--secret_resolver=file:${secrets}`,
      `--docker_registry=http://${registry.host}`,
      `--docker_config=${file('docker-config', login(MARKS.login))}`,
    ],
  });
});
afterAll(async () => {
  await Promise.all(frameworks.map((it) => it.kill('SIGKILL')));
  if (isRoot) {
    await cluster.stop();
    await registry.close();
  }
  vi.unstubAllEnvs();
});

describe.runIf(isRoot)('while tasks have secrets', () => {
  /** All that is not said to be secret, as text. */
  async function shown(): Promise<string> {
    const paths = ['/flags', '/state', '/tasks', '/frameworks', '/slaves', '/metrics/snapshot'];
    const ofAgent = ['/flags', '/state', '/containers', '/metrics/snapshot'];
    const answers = await Promise.all([
      ...paths.map((path) => cluster.get(path)),
      ...ofAgent.map((path) => cluster.get(path, cluster.agent)),
    ]);
    const logs = [cluster.master, cluster.agentProgram, ...frameworks].map(({ log }) => log);
    return [JSON.stringify(answers), ...logs].join('\n');
  }

  let token = '';

  test('the tasks have them', async () => {
    const archive = join(cluster.folder, 'archive.tar');
    writeFileSync(archive, archiveOf({ name: 'unpacked', content: 'x' }));
    chmodSync(archive, 0o644);
    const contained = execute('contained', {
      container: {
        type: 'MESOS',
        mesos: {
          image: {
            type: 'DOCKER',
            docker: { name: 'marked', config: byValue(JSON.stringify(login(MARKS.ownLogin))) },
          },
        },
        volumes: [
          {
            ...{ mode: 'RO', container_path: 'told' },
            source: { type: 'SECRET', secret: byValue(MARKS.volume) },
          },
        ],
      },
      command: {
        user: 'nobody',
        value:
          'echo $(printf %s "$V" | wc -c) $(printf %s "$R" | wc -c) $(wc -c < told); exec sleep 1000',
        environment,
        uris: [{ value: archive }],
      },
    });
    const lengths = [MARKS.variable, MARKS.reference, MARKS.volume].map(({ length }) => length);
    await until('it has all', () => {
      lookAtPrograms();
      return contained.log.includes(lengths.join(' '));
    });
    const executor = {
      executor_id: { value: 'own' },
      command: { user: 'nobody', value: 'exec sleep 1001', environment },
      resources: LITTLE,
    };
    execute('with-executor', { executor });
    token = await until('the executor has its token', () =>
      processes('environ')
        .map(({ text }) => /\0MESOS_EXECUTOR_AUTHENTICATION_TOKEN=([^\0]+)/.exec(text)?.[1])
        .find((it) => it !== undefined),
    );
  });

  test('no program is started with one', () => {
    const started = readFileSync(record, 'utf8');
    expect(started).toMatch(/^crun .*--bundle/m);
    lookAtPrograms();
    const all = [started, ...seen].join('\n');
    expect(all).toContain('sleep\x001001');
    expect(marksIn(all, [...needles, token])).toEqual([]);
  });

  test('variables are those of the tasks’ own processes, which only their user can read', () => {
    const values = [MARKS.variable, MARKS.reference, token];
    const having = processes('environ').filter(({ text }) => marksIn(text, values).length > 0);
    expect(having.length).toBeGreaterThanOrEqual(2);
    for (const { pid } of having) {
      const path = `/proc/${pid}/environ`;
      expect(statSync(path).uid).toBe(NOBODY);
      expect(spawnSync('cat', [path], { uid: DAEMON, gid: DAEMON }).status).not.toBe(0);
    }
  });

  test('endpoints and logs, at their most, tell of none', async () => {
    const all = await shown();
    expect(all).toContain('contained');
    expect(marksIn(all, [...needles, token])).toEqual([]);
  });

  test('master and agent leave none in a file, and others find none anywhere', () => {
    const patterns = [...needles, token, 'that all may see'].flatMap((it) => ['-e', it]);
    const found = (uid: number, folder = cluster.folder) =>
      spawnSync('grep', ['-rlFs', ...patterns, folder], {
        uid,
        gid: uid,
        encoding: 'utf8',
      }).stdout.trim();
    for (const folder of ['agent', 'master']) {
      expect(found(0, join(cluster.folder, folder))).toBe('');
    }
    const open = file('open', 'that all may see');
    chmodSync(open, 0o644);
    for (const uid of [NOBODY, DAEMON]) {
      expect(found(uid)).toBe(open);
    }
    expect(statSync(join(cluster.folder, 'agent', 'meta')).mode & 0o077).toBe(0);
    for (const folder of ['agent', 'master']) {
      const databases = readdirSync(join(cluster.folder, folder), { recursive: true })
        .map((name) => join(cluster.folder, folder, String(name)))
        .filter((path) => path.includes('.sqlite'));
      expect(databases).not.toEqual([]);
      expect(databases.filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([]);
    }
  });

  test('openssl is started with none of those that `secure init` makes', async () => {
    const folder = join(cluster.folder, 'closed');
    const init = cluster.run(['secure', 'init', folder, '--hosts=a.example', '--users=b'], 'init');
    expect(await init.ended(), init.log).toBe(0);
    const lines = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /(^|\/)(secret|key\.pem)$/.test(name))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
      .filter((line) => line !== '' && !line.startsWith('-----'));
    expect(lines.length).toBeGreaterThan(10);
    const started = readFileSync(record, 'utf8');
    expect(started).toMatch(/^openssl /m);
    expect(marksIn(started, lines)).toEqual([]);
  });
});
