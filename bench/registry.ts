// The registry suite: what a new leader waits for when it reads the registry, and what a change
// costs, in each engine that outlives its process. ZooKeeper runs beside it, on the loopback.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { AgentInfo } from '../src/model/generated/messages.ts';
import type { Registry } from '../src/registry/registry.ts';
import { SqliteRegistry } from '../src/registry/sqlite-registry.ts';
import { ZooKeeperRegistry } from '../src/registry/zookeeper-registry.ts';
import { ZooKeeperSession } from '../src/zookeeper/session.ts';
import { Ensemble } from '../test/support/zookeeper.ts';
import { UsageError, whole } from './arguments.ts';
import { type Measurement, quantile, report } from './report.ts';

export const USAGE = `usage: npm run bench -- registry [options]

Needs Debian's package zookeeper, or an ensemble.

  --agents=N       agents that are in the registry (50000)
  --changes=N      changes, one after the other (1000)
  --admissions=N   agents that are admitted at once (10000)
  --servers=N      servers of an ensemble that the bench starts (3)
  --zk=HOST:PORT,… an ensemble that is there; the bench makes /mesoscale-bench-… there, and leaves it
  --engine=NAME    sqlite or zookeeper only
  --runs=R         runs, for median, min and max (1)
  --json           one object a line`;

interface Counts {
  readonly agents: number;
  readonly changes: number;
  readonly admissions: number;
}

interface Engine {
  /** Opens what is at the place, in a registry that knows nothing of it yet. */
  open(): Promise<Registry>;
  end(): Promise<void>;
}

const SESSION_TIMEOUT_MS = 20_000;
/** A registry that does not answer ends the bench. */
const PATIENCE_MS = 120_000;
/** How many agents are stored at once to fill the registry. */
const PORTION = 2_000;

export async function run({ args, json }: { args: string[]; json: boolean }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      agents: { type: 'string', default: '50000' },
      changes: { type: 'string', default: '1000' },
      admissions: { type: 'string', default: '10000' },
      servers: { type: 'string', default: '3' },
      zk: { type: 'string' },
      engine: { type: 'string' },
      runs: { type: 'string', default: '1' },
    },
  });
  const counts = {
    agents: whole('agents', values.agents, 1),
    changes: whole('changes', values.changes, 1),
    admissions: whole('admissions', values.admissions),
  };
  const servers = whole('servers', values.servers, 1);
  const engines: Readonly<Record<string, () => Promise<Engine>>> = {
    sqlite: openSqlite,
    zookeeper: () => openZooKeeper(values.zk, servers),
  };
  const names = values.engine === undefined ? Object.keys(engines) : [values.engine];
  for (const name of names) {
    const start = engines[name];
    if (start === undefined) {
      throw new UsageError(`--engine expects ${Object.keys(engines).join(' or ')}, got '${name}'`);
    }
    const runs: Measurement[][] = [];
    for (let i = 0; i < whole('runs', values.runs, 1); i++) {
      const engine = await start();
      try {
        runs.push(await measure(engine, counts));
      } finally {
        await engine.end();
      }
    }
    report({ suite: 'registry', workload: name, agents: counts.agents, frameworks: 0, runs, json });
  }
}

async function openSqlite(): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-bench-registry-'));
  return {
    open: () => SqliteRegistry.open(join(folder, 'registry.sqlite')),
    end: async () => rmSync(folder, { recursive: true }),
  };
}

async function openZooKeeper(addresses: string | undefined, count: number): Promise<Engine> {
  const tickMs = SESSION_TIMEOUT_MS / 10;
  const own =
    addresses === undefined ? await Ensemble.start({ servers: count, tickMs }) : undefined;
  const servers = own?.addresses ?? (addresses ?? '').split(',');
  const folder = `/mesoscale-bench-${process.pid}-${Date.now()}`;
  return {
    open: async () =>
      new ZooKeeperRegistry({
        folder,
        connect: () => new ZooKeeperSession({ servers, timeoutMs: SESSION_TIMEOUT_MS }),
        readTimeoutMs: PATIENCE_MS,
        storeTimeoutMs: PATIENCE_MS,
      }),
    end: async () => own?.stop(),
  };
}

/** An agent as one of a real cluster tells of itself: about 500 bytes. */
const agentOf = (number: number): AgentInfo => ({
  id: { value: `7f1d2c3e-8a5b-4c6d-9e0f-112233445566-S${number}` },
  hostname: `node-${number}.rack-${number % 40}.cluster.example.org`,
  port: 5051,
  resources: [
    { name: 'cpus', type: 0, scalar: { value: 64 }, role: '*' },
    { name: 'mem', type: 0, scalar: { value: 262_144 }, role: '*' },
    { name: 'disk', type: 0, scalar: { value: 2_097_152 }, role: '*' },
    { name: 'ports', type: 1, ranges: { range: [{ begin: 31_000, end: 32_000 }] }, role: '*' },
  ],
  attributes: [
    { name: 'rack', type: 3, text: { value: `rack-${number % 40}` } },
    { name: 'zone', type: 3, text: { value: `zone-${number % 3}` } },
    { name: 'os', type: 3, text: { value: 'debian-12' } },
  ],
  domain: {
    fault_domain: { region: { name: 'region-1' }, zone: { name: `zone-${number % 3}` } },
  },
});

async function measure(engine: Engine, counts: Counts): Promise<Measurement[]> {
  await fill(engine, counts.agents);
  const registry = await engine.open();
  const measurements: Measurement[] = [];
  const took = (metric: string, sinceMs: number) =>
    measurements.push({ metric, unit: 'ms', value: performance.now() - sinceMs });
  try {
    const cpu = process.cpuUsage();
    const beganMs = performance.now();
    const epoch = await registry.beginEpoch();
    const { agents } = await registry.read();
    took('read', beganMs);
    const { user, system } = process.cpuUsage(cpu);
    measurements.push({ metric: 'read, CPU', unit: 'ms', value: (user + system) / 1_000 });
    if (agents.length !== counts.agents) {
      throw new Error(`${agents.length} agents were read, and not ${counts.agents}`);
    }
    const times: number[] = [];
    for (let i = 0; i < counts.changes; i++) {
      const sinceMs = performance.now();
      await registry.store([{ type: 'updateAgent', agent: agentOf(i) }], epoch);
      times.push(performance.now() - sinceMs);
    }
    times.sort((a, b) => a - b);
    measurements.push(
      { metric: 'change, median', unit: 'ms', value: quantile(times, 0.5) },
      { metric: 'change, p99', unit: 'ms', value: quantile(times, 0.99) },
    );
    const admittedMs = performance.now();
    await Promise.all(
      Array.from({ length: counts.admissions }, (_, index) =>
        registry.store([{ type: 'admitAgent', agent: agentOf(counts.agents + index) }], epoch),
      ),
    );
    took('admissions at once', admittedMs);
    measurements.push({ metric: 'size', unit: 'MB', value: registry.sizeBytes() / 1e6 });
    return measurements;
  } finally {
    await registry.close();
  }
}

async function fill(engine: Engine, agents: number): Promise<void> {
  const registry = await engine.open();
  const epoch = await registry.beginEpoch();
  for (let next = 0; next < agents; next += PORTION) {
    const portion = Math.min(PORTION, agents - next);
    await Promise.all(
      Array.from({ length: portion }, (_, index) =>
        registry.store([{ type: 'admitAgent', agent: agentOf(next + index) }], epoch),
      ),
    );
  }
  await registry.close();
}
