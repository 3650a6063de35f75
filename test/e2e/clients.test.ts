// Clients of other projects with a real master and agent: one unmodified, and what Mesos's own
// command line sends, and reads of the answers.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';
import { longTask } from '../support/long-task.ts';
import { ask } from '../support/requests.ts';

const cluster = new TestCluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

let child: ChildProcess | undefined;
afterAll(() => child?.kill('SIGKILL'));

test('the npm client mesos-framework completes a task', async () => {
  const port = (await cluster.plainAddress()).split(':')[1] ?? '';
  const messages: Record<string, string>[] = [];
  child = fork(join(import.meta.dirname, 'mesos-framework-child.cjs'), [port, cluster.folder], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('message', (message) => messages.push(message as Record<string, string>));
  await until('the task is finished', () =>
    messages.some(({ update }) => update === 'TASK_FINISHED'),
  );
  const updates = messages.flatMap(({ update }) => update ?? []);
  expect(updates).toContain('TASK_RUNNING');
  expect(messages.filter(({ error }) => error)).toEqual([]);

  child.send('end');
  const frameworkId = messages.find(({ subscribed }) => subscribed)?.subscribed;
  await until('the framework is completed', async () => {
    const state = (await cluster.get('/state')) as { completed_frameworks: { id: string }[] };
    return state.completed_frameworks.some(({ id }) => id === frameworkId);
  });
});

interface CliTask {
  readonly id: string;
  readonly state: string;
  readonly framework_id: string;
  readonly executor_id: string;
  readonly slave_id: string;
  readonly statuses: readonly {
    readonly state: string;
    readonly container_status: { readonly container_id: { readonly value: string } };
  }[];
}

/** Of `GET`, as the command line of Mesos asks: without a word about what it takes. */
const listed = async (path: string, key: string): Promise<readonly unknown[]> =>
  ((await (await ask(cluster.address, path)).json()) as Record<string, unknown[]>)[key] ?? [];

const record = (message: object) => {
  const text = JSON.stringify(message);
  return `${Buffer.byteLength(text)}\n${text}`;
};

test("the command line of Mesos lists agents, frameworks and tasks, and enters one's container", async () => {
  const { program, release } = await longTask(cluster, cluster.address);
  const [agent] = await listed('/slaves', 'slaves');
  const id = expect.stringMatching(/-S0$/);
  const pid = `slave(1)@${cluster.agent}`;
  expect(agent).toMatchObject({ id, hostname: expect.any(String), active: true, pid });

  const running = {
    state: 'TASK_RUNNING',
    executor_id: '',
    slave_id: (agent as { id: string }).id,
  };
  const tasks = (await listed('/tasks?order=asc&limit=-1', 'tasks')) as CliTask[];
  const task = tasks.find(({ state }) => state === 'TASK_RUNNING');
  expect(task).toMatchObject({ ...running, id: expect.stringMatching(/^long-/) });
  expect(task?.statuses.at(-1)?.state).toBe('TASK_RUNNING');
  expect(await listed(`/tasks?task_id=${task?.id}`, 'tasks')).toMatchObject([{ id: task?.id }]);
  expect(await listed('/master/frameworks/', 'frameworks')).toContainEqual(
    expect.objectContaining({ id: task?.framework_id, active: true, hostname: '', webui_url: '' }),
  );

  // `task exec -i ID cat`: the container of the first status is the parent.
  const parent = task?.statuses[0]?.container_status.container_id;
  const container_id = { parent, value: 'entered-by-the-command-line' };
  const json = { 'content-type': 'application/json' };
  const stream = { accept: 'application/recordio', 'message-accept': 'application/json' };
  const post = (body: string, headers: Record<string, string>) =>
    ask(cluster.agent, '/api/v1', { method: 'POST', body, headers });
  const session = await post(
    JSON.stringify({
      type: 'LAUNCH_NESTED_CONTAINER_SESSION',
      launch_nested_container_session: {
        container_id,
        command: { value: 'sh', arguments: ['sh', '-c', 'cat; exit 7'], shell: false },
      },
    }),
    { ...json, ...stream },
  );
  expect(session.status).toBe(200);

  // The first connection for input only tries whether there is one: its end is not that of stdin.
  const input = (...messages: object[]) =>
    post(
      [{ type: 'CONTAINER_ID', container_id }, ...messages]
        .map((attach_container_input) =>
          record({ type: 'ATTACH_CONTAINER_INPUT', attach_container_input }),
        )
        .join(''),
      {
        'content-type': 'application/recordio',
        'message-content-type': 'application/json',
        accept: 'application/json',
        'transfer-encoding': 'chunked',
      },
    );
  expect((await input()).status).toBe(200);
  const stdin = (text: string) => ({
    type: 'PROCESS_IO',
    process_io: {
      type: 'DATA',
      data: { type: 'STDIN', data: Buffer.from(text).toString('base64') },
    },
  });
  const heartbeat = { type: 'HEARTBEAT', heartbeat: { interval: { nanoseconds: 30_000_000_000 } } };
  const control = { type: 'PROCESS_IO', process_io: { type: 'CONTROL', control: heartbeat } };
  expect((await input(control, stdin('from stdin'), stdin(''))).status).toBe(200);
  const data = (await session.text()).matchAll(/"data":"([^"]*)"/g);
  expect([...data].map(([, text = '']) => Buffer.from(text, 'base64').toString()).join('')).toBe(
    'from stdin',
  );

  const waited = await post(
    JSON.stringify({ type: 'WAIT_CONTAINER', wait_container: { container_id } }),
    { ...json, accept: 'application/json' },
  );
  expect(await waited.json()).toMatchObject({ wait_container: { exit_status: 7 * 256 } });

  // `task attach`: by these words it knows a task without a terminal.
  const attached = await post(
    JSON.stringify({
      type: 'ATTACH_CONTAINER_OUTPUT',
      attach_container_output: { container_id: parent },
    }),
    { ...json, ...stream },
  );
  expect([attached.status, await attached.text()]).toEqual([
    500,
    'I/O switchboard server was disabled for this container',
  ]);
  release();
  expect(await program.ended()).toBe(5);
});
