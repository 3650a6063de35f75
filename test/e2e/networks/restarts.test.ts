// Networks of containers when their agent is killed (-9), in any moment, when it comes back without
// any, and when the machine has been started again. This needs root.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/cluster.ts';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { addressesOf, joining, NetworkCluster, service } from './network-cluster.ts';
import { crashes } from './network-crashes.ts';

let cluster: NetworkCluster;

beforeAll(async () => {
  if (canMakeNetworks) {
    cluster = await NetworkCluster.make('one');
    cluster.networks.bridge('slow', { type: 'slow' });
    await cluster.start({ agent: cluster.networks.flags });
  }
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

async function restarted(flags = cluster.networks.flags): Promise<void> {
  await cluster.agentProgram.kill('SIGKILL');
  await cluster.startAgent(flags);
  await cluster.agentRegistered();
}

/** A service that outlives its agent. */
async function served(name: string) {
  const mapped = { name: 'one', port_mappings: [{ host_port: 31_001, container_port: 80 }] };
  const program = cluster.launched(joining(name, service(name), [mapped]), '--checkpoint');
  const [task] = await cluster.running(name);
  const address = (task && addressesOf(task).one?.[0]) ?? expect.fail();
  const answers = () => cluster.machine.run('curl', '-sS', `http://${address}/`);
  await until('it answers', async () => (await answers()) === `${name}\n`);
  return { program, address, answers };
}

describe.runIf(canMakeNetworks)('an agent that is killed', () => {
  test('finds the networks of its containers again', async () => {
    const { program, address, answers } = await served('stays');
    await restarted();
    expect(await answers()).toBe('stays\n');
    const { text } = await cluster.call('GET_CONTAINERS', {});
    expect(text).toContain(address);
    // The port is still the container's.
    const again = { name: 'one', port_mappings: [{ host_port: 31_001, container_port: 81 }] };
    const { other } = await cluster.ends({ other: joining('other', 'true', [again]) });
    expect(other?.message).toContain('host port 31001/tcp is mapped to container');
    await program.kill('SIGINT');
    await cluster.empty();
  });

  test('and has no networks any more detaches those of its containers', async () => {
    const { program, answers } = await served('left');
    await restarted([]);
    expect(await answers()).toBe('left\n');
    await program.kill('SIGINT');
    await cluster.empty();
    await restarted();
  });

  test('while a plugin attaches a container leaves nothing of it', async () => {
    const begun = join(cluster.folder, 'begun');
    const go = join(cluster.folder, 'go');
    cluster.networks.script(
      'slow',
      `[ $CNI_COMMAND != ADD ] || { touch ${begun}; until test -e ${go}; do sleep 0.02; done; }
      exec /usr/lib/cni/bridge`,
    );
    const lost = cluster.launch('slow', 'true', ['slow']).catch(() => undefined);
    await until('the plugin runs', () => existsSync(begun));
    await cluster.agentProgram.kill('SIGKILL');
    await lost;
    // The plugin goes on without its agent.
    writeFileSync(go, '');
    await cluster.startAgent(cluster.networks.flags);
    await cluster.agentRegistered();
    await cluster.empty();
  });

  test('keeps on record what cannot be detached, and tells of it', async () => {
    const refuses = join(cluster.folder, 'refuses');
    writeFileSync(refuses, '');
    cluster.networks.script(
      'slow',
      `[ $CNI_COMMAND != DEL ] || ! test -e ${refuses} || { echo not now >&2; exit 1; }
      exec /usr/lib/cni/bridge`,
    );
    expect((await cluster.launch('kept', 'sleep 1000', ['slow'])).status).toBe(200);
    await cluster.end('kept');
    await until('it is told', () => /kept.*not now/.test(cluster.agentProgram.log));
    expect(await cluster.remains()).toMatchObject({ records: ['kept.network'] });
    rmSync(refuses);
    await restarted();
    await cluster.empty();
  });

  test('with the machine gives back addresses', async () => {
    const { program } = await served('gone');
    expect((await cluster.remains()).leases).toHaveLength(1);
    await cluster.reboot();
    await cluster.startAgent(cluster.networks.flags);
    await cluster.agentRegistered();
    await cluster.empty();
    await program.kill('SIGKILL');
  });

  test('at any moment, again and again, leaves nothing', async () => {
    await crashes(cluster, { count: 5, seed: 7 });
  });
});
