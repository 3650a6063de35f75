// Secrets are in containers, and not in the checkpoint.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CheckpointChange } from '../../src/agent/checkpoint.ts';
import { CheckpointStore, checkpointOf } from '../../src/checkpoint/store.ts';
import {
  type CheckInfo,
  type CommandInfo,
  type ContainerInfo,
  ContainerInfo_Type,
  Environment_Variable_Type,
  type Secret,
  Secret_Type,
  Volume_Mode,
  Volume_Source_Type,
} from '../../src/model/generated/messages.ts';
import { containerId, executorId, frameworkId } from '../../src/model/ids.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';

const secret = (text: string): Secret => ({
  type: Secret_Type.VALUE,
  value: { data: Buffer.from(text) },
});

const command = (text: string): CommandInfo => ({
  value: 'true',
  environment: {
    variables: [{ name: 'A', type: Environment_Variable_Type.SECRET, secret: secret(text) }],
  },
});

const container: ContainerInfo = {
  type: ContainerInfo_Type.MESOS,
  volumes: [
    {
      container_path: 'in',
      mode: Volume_Mode.RO,
      source: { type: Volume_Source_Type.SECRET, secret: secret('hidden file') },
    },
  ],
};

test('a command and its volumes are stored without secrets, a check with its own', async () => {
  using folder = temporaryFolder();
  const run = {
    frameworkId: frameworkId('f'),
    executorId: executorId('e'),
    containerId: containerId('c'),
  };
  const more = { command: command('hidden variable'), container };
  const check: CheckInfo = { command: { command: command('needed later') } };
  const info = { name: 'n', task_id: { value: 't' }, agent_id: { value: 'a' }, ...more, check };
  const changes: CheckpointChange[] = [
    { type: 'framework', framework: { user: 'u', name: 'n', id: { value: 'f' } } },
    {
      type: 'executor',
      ...run,
      info: { executor_id: { value: 'e' }, ...more },
      builtin: 'command',
    },
    { type: 'task', ...run, info },
  ];
  const path = join(folder.path, 'agent.sqlite');
  const { store } = await CheckpointStore.open(path);
  const stored = Promise.withResolvers<unknown>();
  store.store(changes, stored.resolve);
  expect(await stored.promise).toBeUndefined();
  const files = readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name)));
  const text = Buffer.concat(files).toString('latin1');
  expect(text).toContain('needed later');
  expect(text).not.toContain('hidden');
  await store.close();
  const again = await CheckpointStore.open(path);
  await again.store.close();
  const { frameworks } = await checkpointOf(
    again.rows,
    () => ({ alive: false }),
    async (readNow) => readNow(),
  );
  const [found] = frameworks[0]?.executors[0]?.tasks ?? [];
  expect(found?.info).toMatchObject({
    command: { value: 'true' },
    container: { volumes: [{ container_path: 'in' }] },
  });
});
