// What containers have of networks over the lives of agents: on record before it is made, and gone
// with them. Namespaces are the kernel's; the kind of network is one that keeps a book. This needs
// root.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ContainerizerError } from '../../../src/containerizer/containerizer-error.ts';
import { supervisorProgram } from '../../../src/containerizer/launchers/process/supervisor-program.ts';
import { NetworkNamespaces } from '../../../src/containerizer/networks/namespaces.ts';
import type { Attachment, NetworkKind } from '../../../src/containerizer/networks/network.ts';
import { Networks } from '../../../src/containerizer/networks/networks.ts';
import { NO_NETWORK_STATISTICS } from '../../../src/containerizer/networks/statistics/network-statistics.ts';
import type { CniAsked } from '../../../src/containerizer/plan/network.ts';
import { containerId } from '../../../src/model/ids.ts';
import { programs, temporaryFolder } from '../../agent-driver/harness.ts';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { within } from './links.ts';

const id = containerId('c1');
const nested = containerId('c1.n1');
const asked: CniAsked = { kind: 'cni', networks: [{ name: 'net' }], hostname: 'c1' };
const never = new AbortController().signal;

/** What there is outside agents: what is attached, and what an agent has done with it. */
class World {
  readonly attached = new Set<string>();
  readonly calls: string[] = [];
  /** What the next call does instead. */
  failing: Error | undefined;

  readonly kind: NetworkKind = {
    attach: async ({ id, note, asked }: Attachment<CniAsked>) => {
      await note({ of: id });
      this.attached.add(id);
      this.#called(`attach ${id}`);
      return { infos: asked.networks.map(({ name }) => ({ name: name ?? '' })), dns: undefined };
    },
    detach: async (id, namespace, state) => {
      expect(state).toEqual({ of: id });
      this.#called(`detach ${id}${namespace === undefined ? ' without its namespace' : ''}`);
      this.attached.delete(id);
    },
    recover: async (id) => this.#called(`recover ${id}`),
  };

  #called(call: string): void {
    this.calls.push(call);
    const { failing } = this;
    this.failing = undefined;
    if (failing !== undefined) {
      throw failing;
    }
  }
}

describe.runIf(canMakeNetworks)('the networks of containers', () => {
  let temporary: ReturnType<typeof temporaryFolder>;
  let namespaces: NetworkNamespaces;
  let program: string;
  let world: World;
  let warnings: string[];
  const open: Networks[] = [];

  beforeEach(async () => {
    temporary = temporaryFolder();
    program = await supervisorProgram(programs);
    namespaces = new NetworkNamespaces(join(temporary.path, 'run'), program);
    world = new World();
    warnings = [];
  });

  afterEach(async () => {
    for (const networks of open.splice(0)) {
      networks.close();
    }
    for (const name of await namespaces.names()) {
      await namespaces.remove(name);
    }
    temporary[Symbol.dispose]();
  });

  const folder = () => join(temporary.path, 'records');
  const records = () => readdirSync(folder());

  function agent(run = 'run', hasMetrics = true): Networks {
    const networks = new Networks({
      folder: folder(),
      namespaces: join(temporary.path, run),
      program,
      kinds: { cni: world.kind },
      hasMetrics,
      statistics: { ...NO_NETWORK_STATISTICS, hasSockets: true },
      warn: (text) => warnings.push(text),
    });
    open.push(networks);
    return networks;
  }

  test('are there for those nested in one, and gone with it', async () => {
    const networks = agent();
    const attached = await networks.attach(id, asked, never);
    expect(attached).toEqual({
      namespace: namespaces.path(id),
      hostname: 'c1',
      infos: [{ name: 'net' }],
      dns: undefined,
    });
    expect([networks.of(id), networks.of(nested)]).toEqual([attached, attached]);
    expect(networks.of(containerId('c2.n1'))).toBeUndefined();
    expect(await namespaces.exists(id)).toBe(true);
    await networks.detach(id);
    expect(networks.of(nested)).toBeUndefined();
    expect([await namespaces.names(), records(), [...world.attached]]).toEqual([[], [], []]);
    await networks.detach(id);
    expect(world.calls).toEqual(['attach c1', 'detach c1']);
  });

  test('are measured by their links, of the container alone whose they are', async () => {
    const networks = agent();
    const { namespace } = await networks.attach(id, asked, never);
    within(namespace, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
    for (const link of ['eth0', 'eth1']) {
      within(namespace, 'ip', 'link', 'set', link, 'up');
    }
    const used = await networks.usage(id);
    expect(used).toMatchObject({ net_rx_errors: 0, net_tcp_active_connections: 0 });
    expect(await networks.usage(nested)).toEqual({});
    world.kind.links = () => ({ links: ['none'] });
    world.kind.statistics = () => ({ net_tx_rate_limit: 5 });
    expect(await networks.usage(id)).toEqual({
      net_tx_rate_limit: 5,
      net_tcp_active_connections: 0,
      net_tcp_time_wait_connections: 0,
    });
    const silent = agent('run', false);
    await silent.recover(new Set([id]));
    expect(await silent.usage(id)).toEqual({});
  });

  test('are taken over by the next agent, and detached of those that are gone', async () => {
    const other = containerId('other');
    const first = agent();
    const attached = await first.attach(id, asked, never);
    await first.attach(other, asked, never);
    const next = agent('another');
    await next.recover(new Set([id]));
    expect(next.of(id)).toEqual(attached);
    await next.detach(other);
    expect(world.calls.slice(2).sort()).toEqual(['detach other', 'recover c1']);
    expect([[...world.attached], await namespaces.names()]).toEqual([['c1'], ['c1']]);
    await next.detach(id);
    expect([[...world.attached], await namespaces.names(), records()]).toEqual([[], [], []]);
  });

  test('that are half made are undone, whoever they are for', async () => {
    world.failing = new ContainerizerError('no');
    await expect(agent().attach(id, asked, never)).rejects.toThrow('no');
    const next = agent();
    await next.recover(new Set([id]));
    expect(next.of(id)).toBeUndefined();
    await next.detach(id);
    expect([[...world.attached], await namespaces.names(), records()]).toEqual([[], [], []]);
  });

  test('that cannot be detached stay on record, and nobody takes their place', async () => {
    const networks = agent();
    await networks.attach(id, asked, never);
    world.failing = new Error('busy');
    await networks.detach(id);
    world.failing = new Error('still busy');
    await networks.detach(id);
    // Told once.
    expect(warnings).toEqual([expect.stringMatching(/^Failed to detach container c1 .*: busy$/)]);
    await expect(networks.attach(id, asked, never)).rejects.toThrow(
      'What an earlier container c1 had of networks is not detached yet',
    );
    const next = agent();
    await next.recover(new Set());
    await next.detach(id);
    expect([[...world.attached], await namespaces.names(), records()]).toEqual([[], [], []]);
  });

  test('are detached after a reboot, without their namespaces', async () => {
    await agent().attach(id, asked, never);
    await namespaces.remove(id);
    const next = agent();
    await next.recover(new Set());
    await next.detach(id);
    expect(world.calls).toEqual(['attach c1', 'detach c1 without its namespace']);
    expect([[...world.attached], records()]).toEqual([[], []]);
  });

  test('of damaged records are told of, and others are found', async () => {
    await agent().attach(id, asked, never);
    writeFileSync(join(folder(), 'c9.network'), '{}');
    writeFileSync(join(folder(), 'c8.network.1234'), 'cut short');
    const next = agent();
    await next.recover(new Set([id]));
    expect(next.of(id)?.hostname).toBe('c1');
    expect(warnings).toEqual([expect.stringContaining('c9.network')]);
    expect(records().sort()).toEqual(['c1.network', 'c9.network']);
  });

  test('are refused to ids that are too long for names of files, of which nothing is left', async () => {
    const networks = agent();
    const long = containerId(`${'p'.repeat(100)}.${'c'.repeat(100)}`);
    await expect(networks.attach(long, asked, never)).rejects.toThrow(
      /has an id of at most 200 characters, .* 'ppp.*…' has 201/,
    );
    await networks.detach(long);
    expect([world.calls, warnings]).toEqual([[], []]);
    const longest = containerId(long.slice(1));
    await networks.attach(longest, asked, never);
    await networks.detach(longest);
    expect([await namespaces.names(), records(), warnings]).toEqual([[], [], []]);
  });

  test('are not made for a container that was given up', async () => {
    await expect(agent().attach(id, asked, AbortSignal.abort(new Error('late')))).rejects.toThrow(
      'late',
    );
    expect(world.calls).toEqual([]);
  });
});
