// Agents that authenticate with a master by CRAM-MD5, over real connections.
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

const SECRET = 'quite-secret-a';

test('an agent joins with the right secret, and no other way', async () => {
  const credentials = [{ principal: 'agent-a', secret: SECRET }];
  const master = [`--credentials=${file('credentials', { credentials })}`, '--authenticate_agents'];
  const own = file('own', { principal: 'agent-a', secret: SECRET });
  await cluster.start({ master, agent: [`--credential=${own}`] });
  expect(cluster.master.log).toMatch(/Authenticated slave\(1\)@127\.0\.0\.1:\d+ as 'agent-a'/);
  expect(cluster.agentProgram.log).toContain('Authenticated with master');

  // A master that has started anew knows nothing of that, and is told again.
  await cluster.master.kill('SIGKILL');
  await cluster.startMaster(master);
  await cluster.agentRegistered();
  expect(cluster.agentProgram.log.match(/Authenticated with master/g)).toHaveLength(2);

  const shown = await Promise.all(
    ['/flags', '/state', '/metrics/snapshot'].flatMap((path) => [
      cluster.get(path),
      cluster.get(path, cluster.agent),
    ]),
  );
  const logs = cluster.master.log + cluster.agentProgram.log;
  expect(JSON.stringify(shown) + logs).not.toContain(SECRET);

  await cluster.agentProgram.kill('SIGUSR1');
  const without = await cluster.startAgent();
  await until('it is refused', () => without.log.includes('refuses this agent: It has not auth'));
  await without.kill('SIGKILL');
  const wrong = file('wrong', { principal: 'agent-a', secret: 'another' });
  const refused = await cluster.startAgent([`--credential=${wrong}`]);
  expect(await refused.ended()).toBe(1);
  expect(refused.log).toContain('refused authentication');
});
