// A task whose variable is a secret that only the agent knows.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LITTLE, TestCluster } from '../support/cluster.ts';

const cluster = new TestCluster();
const SECRET = 'what-nobody-may-hear';

beforeAll(async () => {
  const secrets = join(cluster.folder, 'secrets');
  mkdirSync(secrets, { mode: 0o700 });
  writeFileSync(join(secrets, 'db'), JSON.stringify({ password: SECRET }));
  await cluster.start({ agent: [`--secret_resolver=file:${secrets}`] });
});
afterAll(() => cluster.stop());

function run(name: string, reference: object, value: string) {
  const secret = { type: 'REFERENCE', reference };
  const environment = { variables: [{ name: 'S', type: 'SECRET', secret }] };
  const command = { value, environment };
  const task = { name, task_id: { value: name }, agent_id: { value: '' }, resources: LITTLE };
  return cluster.execute(name, 'task', { ...task, command });
}

test('its process has the value, and nothing else has', async () => {
  // The command cannot have the secret in it, which would be shown.
  const sum = createHash('sha256').update(SECRET).digest('hex');
  const command = `test "$(printf %s "$S" | sha256sum)" = "${sum}  -"`;
  const good = run('told', { name: 'db', key: 'password' }, command);
  expect(await good.ended(), good.log).toBe(0);
  const shown = JSON.stringify([
    await cluster.get('/state'),
    await cluster.get('/state', cluster.agent),
    await cluster.get('/flags', cluster.agent),
  ]);
  expect(shown + cluster.master.log + cluster.agentProgram.log + good.log).not.toContain(SECRET);
  const agent = join(cluster.folder, 'agent');
  const holding = readdirSync(agent, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(agent, name);
    const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    return isFile && readFileSync(path, 'latin1').includes(SECRET);
  });
  expect(holding).toEqual([]);
});

test('a secret that is missing fails its task, which says which', async () => {
  const program = run('lost', { name: 'nowhere' }, 'true');
  expect(await program.ended()).not.toBe(0);
  expect(program.log).toContain(
    "Failed to resolve the secret 'nowhere': the agent has none of this name",
  );
});
