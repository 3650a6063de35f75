// What a browser reads of an agent by way of the master: as the one who asks, with what the agent's
// own lists allow.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TestCluster, until } from '../support/cluster.ts';

const cluster = new TestCluster();
afterAll(() => cluster.stop());

function file(name: string, content: object): string {
  const path = join(cluster.folder, name);
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}

const credentials = ['agent-a', 'ops', 'guest'].map((principal) => ({
  principal,
  secret: `of ${principal}`,
}));
const basic = (name: string) => ({
  Authorization: `Basic ${Buffer.from(`${name}:of ${name}`).toString('base64')}`,
});

test('an agent knows by its master who asks, and decides itself', async () => {
  const known = `--credentials=${file('credentials', { credentials })}`;
  const asked = ['--authenticate_http_readonly', '--authenticate_http_readwrite'];
  const acls = {
    permissive: false,
    register_agents: [{ principals: { type: 'ANY' }, agents: { type: 'ANY' } }],
    view_flags: [{ principals: { values: ['ops'] }, flags: { type: 'ANY' } }],
    get_endpoints: [{ principals: { values: ['ops'] }, paths: { type: 'ANY' } }],
  };
  const agentFlags = [
    ...asked,
    // Of somebody else: nobody who asks the master is known here.
    `--http_credentials=${file('others', { credentials: [{ principal: 'x', secret: 'y' }] })}`,
    `--acls=${file('acls', acls)}`,
  ];
  // It waits for agents as nobody, and nobody may look afterwards.
  await cluster.start();
  await Promise.all([cluster.master.kill('SIGTERM'), cluster.agentProgram.kill('SIGTERM')]);
  await cluster.startMaster([known, ...asked]);
  const own = file('own', { principal: 'agent-a', secret: 'of agent-a' });
  await cluster.startAgent([...agentFlags, `--credential=${own}`]);
  const get = async (path: string, who?: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://${cluster.address}${path}`, {
      ...init,
      headers: { ...(who && basic(who)), ...init.headers },
    });
    return { status: answer.status, body: await answer.text() };
  };
  const id = await until('the agent is registered', async () => {
    const { slaves } = JSON.parse((await get('/slaves', 'ops')).body);
    return slaves[0]?.active ? (slaves[0].id as string) : undefined;
  });
  const at = `/agent/${id}`;
  const flags = await get(`${at}/flags`, 'ops');
  expect(flags.status).toBe(200);
  expect(cluster.agent).toBe(`127.0.0.1:${JSON.parse(flags.body).flags.port}`);
  expect((await get(`${at}/flags`, 'guest')).status).toBe(403);
  expect((await get(`${at}/flags`)).status).toBe(401);
  const call = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: '{"type":"GET_CONTAINERS"}',
  };
  expect(await get(`${at}/api/v1`, 'ops', call)).toMatchObject({ status: 200 });
  // At the agent itself, ops is nobody.
  const direct = await fetch(`http://${cluster.agent}/flags`, { headers: basic('ops') });
  expect(direct.status).toBe(401);

  // An agent that authenticates by nothing has no reason to believe the master, and is not given
  // what has been proved to that.
  await cluster.agentProgram.kill('SIGKILL');
  await cluster.startAgent(agentFlags);
  const lacking = await until('it is back', async () => {
    const { status, body } = await get(`${at}/flags`, 'ops');
    return status === 403 && body;
  });
  expect(lacking).toContain('it can where who asks has signed in here, and the agent has a --cred');
});
