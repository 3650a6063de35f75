// Operators look at a task: its life, what it prints, its files; and end it. Some may, others not.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MESOSCALE } from '../../support/bundle.ts';
import { LITTLE, TestCluster, until } from '../../support/cluster.ts';
import { Running } from '../../support/running.ts';

const cluster = new TestCluster();
afterAll(() => cluster.stop());

function file(name: string, content: object): string {
  const path = join(cluster.folder, name);
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}

const principals = ['ops', 'guest', 'agent-a'];
const credentials = principals.map((principal) => ({ principal, secret: `of ${principal}` }));
const LOGGER = 'org_apache_mesos_LogrotateContainerLogger';
/** Lines of 12 bytes, so that files of 4 KB are rotated again and again. */
const LINES = 2000;

beforeAll(async () => {
  cluster.login = 'ops:of ops';
  const known = file('credentials', { credentials });
  const asked = ['--authenticate_http_readonly', '--authenticate_http_readwrite'];
  const parameter = (key: string, value: string) => ({ key, value });
  const modules = {
    libraries: [
      {
        modules: [
          {
            name: LOGGER,
            parameters: [
              parameter('max_stdout_size', '4KB'),
              parameter('logrotate_stdout_options', 'rotate 50'),
            ],
          },
        ],
      },
    ],
  };
  const nobody = { principals: { values: ['guest'] } };
  await cluster.start({
    master: [
      ...asked,
      `--credentials=${known}`,
      `--acls=${file('acls', { teardown_frameworks: [{ ...nobody, framework_principals: { type: 'NONE' } }] })}`,
    ],
    agent: [
      ...asked,
      `--http_credentials=${known}`,
      `--credential=${file('own', { principal: 'agent-a', secret: 'of agent-a' })}`,
      `--acls=${file('agent-acls', { access_sandboxes: [{ ...nobody, users: { type: 'NONE' } }] })}`,
      `--container_logger=${LOGGER}`,
      `--modules=${file('modules', modules)}`,
    ],
  });
  const sandbox = [
    'mkdir -p data/deep; echo inside >data/deep/file; ln -s / data/out; mkfifo data/pipe',
    'ln -s . data/loop; touch "data/$(printf "a\\033b")"; echo to err >&2; echo begun',
  ];
  await runs('quiet', `${sandbox.join('; ')}; exec sleep 1000`);
});

async function runs(name: string, value: string): Promise<void> {
  const task = {
    ...{ name, task_id: { value: name }, agent_id: { value: '' }, resources: LITTLE },
    command: { value },
  };
  const program = cluster.execute(name, 'task', task, '--checkpoint');
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
}

const folder = mkdtempSync('/tmp/mesoscale-tests-operate-');

/** Runs `mesoscale NOUN VERB` with its flags as the principal. */
function as(principal: string, verb: string, ...rest: readonly string[]): Running {
  const way = [`--master=${cluster.address}`, `--principal=${principal}`];
  const words = [MESOSCALE, ...verb.split(' '), ...way, `--secret=of ${principal}`, ...rest];
  return new Running(process.execPath, words);
}

async function done(verb: string, ...rest: readonly string[]): Promise<string> {
  const running = as('ops', verb, ...rest);
  expect(await running.status, running.errors).toBe(0);
  return running.output;
}

async function refused(principal: string, verb: string, ...rest: readonly string[]) {
  const running = as(principal, verb, ...rest);
  const status = await running.status;
  return { status, errors: running.errors };
}

test('show tells a life, and what there is', async () => {
  const text = await done('task show', 'qui');
  expect(text).toMatch(/^ID: +quiet$/m);
  expect(text).toMatch(/^State: +TASK_RUNNING: it runs$/m);
  expect(text).toMatch(/^Container: +\S+$/m);
  expect(text).toMatch(/^\S+Z \(.*\) +TASK_STARTING +executor/m);
  expect(JSON.parse(await done('task show', 'quiet', '-o', 'json')).task_id.value).toBe('quiet');
});

test('logs are followed through rotations, until the task has ended', async () => {
  const count = `i=0; while [ $i -lt ${LINES} ]; do printf "line %06d\\n" $i; i=$((i+1))`;
  await runs('writer', `sleep 1; ${count}; [ $((i % 400)) -gt 0 ] || sleep 1; done`);
  const all = Array.from({ length: LINES }, (_, at) => `line ${String(at).padStart(6, '0')}\n`);
  const followed = as('ops', 'task logs', '-f', 'writer');
  expect(await followed.status, followed.errors).toBe(0);
  expect(followed.errors).toBe('');
  expect(followed.output).toBe(all.join(''));
  // Its sandbox is there afterwards.
  expect(await done('task logs', 'writer')).toBe(all.join(''));
  expect(await done('task logs', '-n', '700', 'writer')).toBe(all.slice(-700).join(''));
  expect(await done('task files ls', 'writer')).toMatch(/ stdout\.1$/m);
});

test('standard error is there, alone or beside', async () => {
  expect(await done('task logs', '--stderr', 'quiet')).toBe('to err\n');
  const both = as('ops', 'task logs', '--both', '--via=master', 'quiet');
  expect(await both.status).toBe(0);
  expect([both.output, both.errors]).toEqual(['begun\n', 'to err\n']);
});

test('files are listed, printed, and fetched without a way out', async () => {
  expect(await done('task files ls', 'quiet', 'data')).toMatch(/ a\?b$/m);
  expect(await done('task files cat', 'quiet', 'data/deep/file')).toBe('inside\n');
  expect(await done('task files tail', '-n', '1', 'quiet', './stdout')).toBe('begun\n');
  const to = join(folder, 'got');
  const got = as('ops', 'task files get', `--to=${to}`, 'quiet', 'data/deep');
  expect(await got.status, got.errors).toBe(0);
  expect(readFileSync(join(to, 'file'), 'utf8')).toBe('inside\n');
  const again = await refused('ops', 'task files get', `--to=${to}`, 'quiet', 'data/deep');
  expect(again).toMatchObject({ status: 2, errors: expect.stringContaining('is there already') });
  const whole = join(folder, 'whole');
  const around = as('ops', 'task files get', `--to=${whole}`, 'quiet');
  expect(await around.status, around.errors).toBe(0);
  expect(around.errors).toMatch(/data\/out", a link that leads out/);
  expect(around.errors).toMatch(/data\/pipe"/);
  expect(around.errors).toMatch(/data\/loop", a link that leads back/);
  expect(readdirSync(join(whole, 'data'))).not.toContain('out');
  const archive = join(folder, 'archive.tar');
  await done('task files get', '--archive', '--via=master', `--to=${archive}`, 'quiet', 'data');
  expect(readFileSync(archive).includes('deep/file')).toBe(true);
});

test('an agent tells of its containers and files, the master of its log', async () => {
  const agent = '127.0.0.1';
  const { slaves } = (await cluster.get('/slaves')) as { slaves: { id: string }[] };
  const id = slaves[0]?.id ?? agent;
  expect(await done('agent containers', id)).toMatch(/ quiet +\d+ +/);
  expect(await done('agent files ls', '--via=master', id, '--filter', 'path=*latest')).toMatch(
    /\/executors\/quiet\/runs\/latest$/m,
  );
  const nowhere = await refused('ops', 'agent files cat', id, '/nowhere');
  expect(nowhere).toMatchObject({ status: 3, errors: expect.stringContaining('nothing of that') });
  expect(await refused('ops', 'master files cat', '/nowhere')).toMatchObject({ status: 3 });
});

test('who may not is told so, and which lists decide', async () => {
  const denied = { status: 4, errors: expect.stringContaining('access_sandboxes') };
  expect(await refused('guest', 'task logs', 'quiet')).toMatchObject(denied);
  expect(await refused('guest', 'task files cat', 'quiet', 'stdout')).toMatchObject(denied);
  const archive = ['--archive', '--via=master', `--to=${join(folder, 'denied.tar')}`, 'quiet'];
  expect(await refused('guest', 'task files get', ...archive)).toMatchObject(denied);
  expect(existsSync(join(folder, 'denied.tar'))).toBe(false);
  const kill = await refused('guest', 'task kill', '--yes', 'quiet');
  expect(kill).toMatchObject({ status: 4, errors: expect.stringContaining('not allowed') });
});

test('tasks are ended by who may, and is sure', async () => {
  expect(await refused('ops', 'task kill', 'nothing')).toMatchObject({ status: 3 });
  const unsure = await refused('ops', 'task kill', 'quiet');
  expect(unsure).toMatchObject({ status: 2, errors: expect.stringMatching(/Kills 1 task.*--yes/) });
  const call = JSON.parse(await done('task kill', '--dry-run', '--grace=2secs', 'quiet'));
  expect(call).toMatchObject({ type: 'KILL_TASK', kill_task: { task_id: { value: 'quiet' } } });
  const followed = as('ops', 'task logs', '-f', 'quiet');
  await followed.shows('begun');
  expect(await done('task kill', '--yes', 'quiet')).toMatch(/^quiet of .* is told to end$/m);
  expect(await followed.status, followed.errors).toBe(0);
  expect(await done('task show', 'quiet')).toMatch(/State: +TASK_KILLED/);
  expect(await refused('ops', 'task exec', 'quiet', 'true')).toMatchObject({ status: 1 });
});
