// A group with everything that a group can have, whose agent and master are killed again and again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../src/model/random.ts';
import { LITTLE, TestCluster, until } from '../support/cluster.ts';
import { begin } from '../support/requests.ts';

const KILLS = 10;
const SEED = 20_260_801;

const isRoot = process.geteuid?.() === 0;
/** Those that need root are left to agents that are root. */
const AGENT = isRoot
  ? [
      '--launcher=linux',
      '--isolation=filesystem/linux,namespaces/pid,namespaces/ipc,cgroups/mem,volume/sandbox_path',
    ]
  : ['--isolation=posix/cpu,posix/mem,volume/sandbox_path'];

const cluster = new TestCluster();
beforeAll(() => cluster.start({ agent: AGENT }));
afterAll(() => cluster.stop());

const container = (more: object = {}) => ({
  type: 'MESOS',
  volumes: [
    {
      mode: 'RW',
      container_path: 'shared',
      source: { type: 'SANDBOX_PATH', sandbox_path: { type: 'PARENT', path: 'shared' } },
    },
  ],
  ...more,
});
const TASKS = {
  writer: {
    command: {
      value: 'echo writer >> shared/starts; while :; do date > shared/beat; sleep 0.1; done',
    },
    container: container(),
    health_check: {
      type: 'COMMAND',
      command: { value: 'test -e shared/beat' },
      delay_seconds: 0,
      interval_seconds: 0.2,
      consecutive_failures: 20,
    },
  },
  worker: {
    command: {
      value: 'echo worker >> shared/starts; until test -e shared/go; do sleep 0.05; done; exit 0',
    },
    container: container(),
    check: { type: 'COMMAND', command: { command: { value: 'exit 7' } }, interval_seconds: 0.2 },
  },
  terminal: {
    command: {
      value:
        'echo terminal >> shared/starts; tty; ' +
        'while read line; do test "$line" = bye && touch shared/go && exit; echo "heard $line"; done',
    },
    container: container({ tty_info: { window_size: { rows: 20, columns: 60 } } }),
  },
};

interface ContainerID {
  readonly value: string;
  readonly parent?: ContainerID;
}
interface State {
  readonly frameworks: readonly {
    readonly executors: readonly {
      readonly directory: string;
      readonly tasks: readonly {
        readonly id: string;
        readonly statuses: readonly {
          readonly healthy?: boolean;
          readonly container_status: { readonly container_id: ContainerID };
        }[];
      }[];
    }[];
  }[];
}

const record = (message: object) => {
  const text = JSON.stringify(message);
  return `${Buffer.byteLength(text)}\n${text}`;
};

/** Opens a stream of records to the agent, and collects what the answer brings. */
function call(body: string, headers: Record<string, string>) {
  const sent = begin(cluster.agent, '/api/v1', { method: 'POST', headers });
  const got = { text: '', sent };
  sent.on('response', (response) => {
    response.setEncoding('latin1').on('data', (piece: string) => {
      got.text += piece;
    });
    response.on('error', () => undefined);
  });
  sent.on('error', () => undefined);
  sent.write(body);
  return got;
}

function outputOf(container_id: ContainerID) {
  const got = call(
    JSON.stringify({ type: 'ATTACH_CONTAINER_OUTPUT', attach_container_output: { container_id } }),
    {
      'content-type': 'application/json',
      accept: 'application/recordio',
      'message-accept': 'application/json',
    },
  );
  got.sent.end();
  /** The bytes that the terminal brought, from the records. */
  return () =>
    [...got.text.matchAll(/"data":"([^"]*)"/g)]
      .map(([, data = '']) => Buffer.from(data, 'base64').toString())
      .join('');
}

function inputOf(container_id: ContainerID) {
  const input = (message: object) =>
    record({ type: 'ATTACH_CONTAINER_INPUT', attach_container_input: message });
  const { sent } = call(input({ type: 'CONTAINER_ID', container_id }), {
    'content-type': 'application/recordio',
    'message-content-type': 'application/json',
    accept: 'application/json',
  });
  return (line: string) =>
    sent.write(
      input({
        type: 'PROCESS_IO',
        process_io: {
          type: 'DATA',
          data: { type: 'STDIN', data: Buffer.from(`${line}\n`).toString('base64') },
        },
      }),
    );
}

test(`it survives ${KILLS} kills, and its terminal can be used again (seed ${SEED})`, async () => {
  const tasks = Object.entries(TASKS).map(([name, task]) => ({
    name,
    task_id: { value: name },
    resources: LITTLE,
    ...task,
  }));
  const group = cluster.execute('group', 'task_group', { tasks }, '--checkpoint');
  const running = () => group.log.match(/TASK_RUNNING for task '(\w+)'/g) ?? [];
  await until('all run', () => new Set(running()).size === tasks.length);

  const random = new Random(SEED);
  for (let kill = 0; kill < KILLS; kill++) {
    if (random.next() < 0.5) {
      await cluster.agentProgram.kill('SIGKILL');
      await cluster.startAgent(AGENT);
    } else {
      await cluster.master.kill('SIGKILL');
      await cluster.startMaster();
    }
  }
  await cluster.agentRegistered();

  const { frameworks } = (await cluster.get('/state', cluster.agent)) as State;
  const [executor] = frameworks.flatMap(({ executors }) => executors);
  const idOf = (name: string) =>
    executor?.tasks.find(({ id }) => id === name)?.statuses.at(-1)?.container_status.container_id ??
    expect.fail(`${name} has no container`);
  const output = outputOf(idOf('terminal'));
  const say = inputOf(idOf('terminal'));
  say('again');
  await until('the terminal answers', () => output().includes('heard again'));
  await until('the check goes on', async () => {
    const state = (await cluster.get('/state', cluster.agent)) as State;
    const [now] = state.frameworks.flatMap(({ executors }) => executors);
    return now?.tasks.find(({ id }) => id === 'writer')?.statuses.at(-1)?.healthy === true;
  });
  say('bye');
  await until('two have ended', () => (group.log.match(/TASK_FINISHED/g) ?? []).length === 2);
  await group.kill('SIGINT');
  expect(group.log).not.toMatch(/TASK_(FAILED|LOST|ERROR|GONE)/);
  // None was started twice.
  const starts = readFileSync(join(executor?.directory ?? '', 'shared', 'starts'), 'utf8');
  expect(starts.trim().split('\n').toSorted()).toEqual(['terminal', 'worker', 'writer']);
});
