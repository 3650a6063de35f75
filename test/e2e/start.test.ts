// How master and agent start: at once where all is well, otherwise with one clear line and status
// 1.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { freePort, Program, until } from '../support/cluster.ts';
import { ask } from '../support/requests.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-start-'));
const running: Program[] = [];
afterAll(async () => {
  await Promise.all(running.map((program) => program.kill('SIGKILL')));
  rmSync(folder, { recursive: true, force: true });
});

let runs = 0;
function run(...parameters: string[]): Program {
  const program = new Program(parameters, join(folder, `${runs++}.log`));
  running.push(program);
  return program;
}

/** The status of a request that is sent as soon as there is a port. */
async function firstStatus(port: number): Promise<number> {
  await until(
    'the port is open',
    () =>
      new Promise<boolean>((resolve) => {
        const attempt = connect(port, '127.0.0.1', () => resolve(true));
        attempt.once('connect', () => attempt.destroy());
        attempt.once('error', () => resolve(false));
      }),
  );
  return (await ask(`127.0.0.1:${port}`, '/version')).status;
}

test('a client that connects while a master is still loading is answered', async () => {
  const port = await freePort();
  run('master', '--ip=127.0.0.1', `--port=${port}`, '--registry=in_memory', '--quiet');
  expect(await firstStatus(port)).toBe(200);
});

async function refusal(...parameters: string[]) {
  const { status, line } = await ending(...parameters);
  expect(status).toBe(1);
  return line;
}

async function ending(...parameters: string[]) {
  const program = run(...parameters);
  const status = await program.ended();
  return { status, line: program.log.trim() };
}

const AGENT_VERBS =
  'mesoscale agent: without a verb, mesoscale agent runs one; mesoscale help agent lists its verbs';

test.each([
  [2, ['master', '--prot=1']],
  [2, ['master', '--port=x', '--acls=/no/file']],
  [2, ['agent', '--work_dir=/tmp', '--master=127.0.0.1:1', 'x']],
  [2, ['agent', '--work_dir=/tmp']],
  [2, ['master', '--ip=nowhere']],
  // These may come.
  [1, ['master', '--registry=in_memory', '--acls=/no/file']],
  [1, ['master', '--registry=in_memory', '--acls=file:///no/file']],
  [1, ['agent', '--work_dir=/tmp', '--master=127.0.0.1:1', '--ip_discovery_command=false']],
  // Of other commands it is 1.
  [1, ['execute', '--prot=1']],
])('whether a start could ever work is told by its status: %i, %j', async (status, parameters) => {
  expect((await ending(...parameters)).status).toBe(status);
});

describe('a start that cannot work ends with one line', () => {
  const registry = (name: string) => join(folder, name, 'registry.sqlite');

  test.each([
    [['master', '--prot=1'], 'mesoscale master: unknown flag --prot (did you mean --port?)'],
    [
      ['master'],
      'mesoscale master: --work_dir is required: the folder of the registry\n' +
        'mesoscale master: without a verb, mesoscale master runs one; mesoscale help master lists its verbs',
    ],
    [['master', '--ip=nowhere'], "mesoscale master: --ip expects an IPv4 address, got 'nowhere'"],
    [
      ['agent'],
      'mesoscale agent: --master is required: host:port of the master\n' +
        'mesoscale agent: --work_dir is required: the folder of sandboxes and of what is kept' +
        `\n${AGENT_VERBS}`,
    ],
    [
      ['agent', '--ip_discovery_command=echo nowhere', '--work_dir=/tmp', '--master=127.0.0.1:1'],
      'mesoscale agent: --ip_discovery_command expects a command that prints an IPv4 address, ' +
        "but it prints 'nowhere'",
    ],
    [
      ['execute'],
      'mesoscale execute: say what to run: --name=… --command=…, --name=… --docker_image=…, --task=… or --task_group=…',
    ],
    [
      ['execute', '--master=127.0.0.1:1', '--name=x', '--command=true', '--resources='],
      'mesoscale execute: --resources: a task needs resources, such as cpus:1;mem:128',
    ],
    [
      ['agent', '--work_dir=/tmp'],
      'mesoscale agent: --master is required: host:port of the master',
    ],
    [
      ['agent', '--work_dir=/tmp', '--master=zk://h:2181'],
      'mesoscale agent: --master: expected a path after the servers, such as /mesos',
    ],
    [
      ['agent', '--master=127.0.0.1:5050'],
      'mesoscale agent: --work_dir is required: the folder of sandboxes and of what is kept' +
        `\n${AGENT_VERBS}`,
    ],
    [
      ['help', 'local', 'agent'],
      "mesoscale: unexpected argument 'agent'; mesoscale help lists the commands",
    ],
    [
      ['execut'],
      "mesoscale: unknown command 'execut' (did you mean execute?); mesoscale help lists them",
    ],
    [['--version', 'x'], "mesoscale: unexpected argument 'x'; mesoscale help lists the commands"],
    [['frobnicate'], "mesoscale: unknown command 'frobnicate'; mesoscale help lists them"],
  ])('%j', async (parameters, line) => {
    expect((await ending(...parameters)).line).toBe(line);
  });

  test('a port that is taken', async () => {
    const port = await freePort();
    const flags = ['--ip=127.0.0.1', `--port=${port}`, '--registry=in_memory', '--quiet'];
    run('master', ...flags);
    await firstStatus(port);
    const line = await refusal('master', ...flags);
    expect(line).toBe(
      `mesoscale master: --port expects a free port, got ${port}: another program listens on 127.0.0.1:${port}`,
    );
  });

  test('after the lines of its log', async () => {
    const port = await freePort();
    const flags = ['--ip=127.0.0.1', `--port=${port}`, '--registry=in_memory'];
    run('master', ...flags);
    await firstStatus(port);
    const lines = (await refusal('master', ...flags)).split('\n');
    expect(lines.at(-1)).toContain('--port expects a free port');
    expect(lines.at(0)).toMatch(/^I\d{4} .* process \d+$/);
  });

  describe('a folder that cannot be', () => {
    const expected = 'expects a folder that can be written to';
    const wrong = '(ENOENT: no such file or directory)';

    test.each([
      ['master', '--work_dir=/proc/none', `--work_dir ${expected}, got '/proc/none' ${wrong}`],
      ['master', '--work_dir=/proc', `--work_dir ${expected}, got '/proc' ${wrong}`],
      ['master', '--log_dir=/proc/none', `--log_dir ${expected}, got '/proc/none' ${wrong}`],
      ['local', '--work_dir=/proc/none', `--work_dir ${expected}, got '/proc/none' ${wrong}`],
    ])('%s %s', async (command, flag, message) => {
      const flags =
        command === 'master' && !flag.startsWith('--work') ? ['--registry=in_memory'] : [];
      expect(await refusal(command, flag, ...flags)).toBe(`mesoscale ${command}: ${message}`);
    });

    test('an agent whose folder is a file', async () => {
      const file = join(folder, 'file');
      writeFileSync(file, '');
      const flags = ['--master=127.0.0.1:5050', `--port=${await freePort()}`, '--ip=127.0.0.1'];
      expect(await refusal('agent', ...flags, `--work_dir=${file}`)).toBe(
        `mesoscale agent: --work_dir expects a folder, got '${file}', which is none`,
      );
      expect(await refusal('agent', ...flags, `--work_dir=${file}/below`)).toBe(
        `mesoscale agent: --work_dir ${expected}, got '${file}/below' (ENOTDIR: not a directory)`,
      );
    });
  });

  test('a damaged registry', async () => {
    mkdirSync(join(folder, 'damaged'));
    writeFileSync(registry('damaged'), 'no registry '.repeat(100));
    const line = await refusal(
      'master',
      `--work_dir=${join(folder, 'damaged')}`,
      '--ip=127.0.0.1',
      `--port=${await freePort()}`,
    );
    expect(line).toBe(
      `mesoscale master: --work_dir: ${registry('damaged')} is damaged: file is not a database`,
    );
  });

  test('two agents on one folder', async () => {
    const work = `--work_dir=${join(folder, 'agents')}`;
    const flags = [work, '--master=127.0.0.1:1', '--ip=127.0.0.1', '--no-switch_user'];
    const port = await freePort();
    const first = run('agent', ...flags, `--port=${port}`, '--quiet');
    await firstStatus(port);
    expect(await refusal('agent', ...flags, `--port=${await freePort()}`)).toBe(
      `mesoscale agent: --work_dir: ${join(folder, 'agents')} is in use by another agent (process ${first.pid})`,
    );
  });

  test('two masters on one folder', async () => {
    const work = `--work_dir=${join(folder, 'shared')}`;
    const port = await freePort();
    const first = run('master', work, '--ip=127.0.0.1', `--port=${port}`, '--quiet');
    await until(
      'the first one answers',
      async () => (await ask(`127.0.0.1:${port}`, '/health')).ok,
    );
    const line = await refusal('master', work, '--ip=127.0.0.1', `--port=${await freePort()}`);
    expect(line).toBe(
      `mesoscale master: --work_dir: ${registry('shared')} is in use by another master (process ${first.pid})`,
    );
  });
});
