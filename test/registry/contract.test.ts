// What a master relies on in its registry, whichever engine it has.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { agentId } from '../../src/model/ids.ts';
import type { RegistryChange, RegistrySnapshot } from '../../src/model/registry.ts';
import { RegistryContent } from '../../src/model/registry-content.ts';
import { type Registry, RegistryError } from '../../src/registry/registry.ts';
import { Ensemble } from '../support/zookeeper.ts';
import { DURABLE_ENGINES, ENGINES, type EngineName, useServer } from './engines.ts';
import { anyChange, sorted } from './snapshots.ts';
import { numberedChange } from './writer-child.ts';

let ensemble: Ensemble;
beforeAll(async () => {
  ensemble = await Ensemble.start();
  useServer(ensemble.addresses[0] as string);
});
afterAll(() => ensemble.stop());

const names = Object.keys(ENGINES) as EngineName[];
const durable = Object.keys(DURABLE_ENGINES) as (keyof typeof DURABLE_ENGINES)[];

function newPlace(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-registry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'registry');
}

async function open(engine: EngineName, place = newPlace()): Promise<Registry> {
  const registry = await ENGINES[engine].open(place);
  onTestFinished(() => registry.close());
  return registry;
}

/** A registry whose epoch has begun. */
async function lead(engine: EngineName, place?: string) {
  const registry = await open(engine, place);
  return { registry, epoch: await registry.beginEpoch() };
}

/** What a master finds that starts at the place. */
async function found(engine: EngineName, place: string) {
  const registry = await ENGINES[engine].open(place);
  try {
    return sorted(await registry.read());
  } finally {
    await registry.close();
  }
}

const admit = (id: string, hostname = id): RegistryChange => ({
  type: 'admitAgent',
  agent: { hostname, id: { value: id } },
});

const hostnames = async (registry: Registry) =>
  (await registry.read()).agents.map(({ hostname }) => hostname).toSorted();

describe.each(names)('a registry in %s', (engine) => {
  test('has nothing before anything is stored, and no setting', async () => {
    const nothing = sorted(new RegistryContent().snapshot());
    expect(sorted(await (await lead(engine)).registry.read())).toEqual(nothing);
  });

  test('means by every change what the model means', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyChange, { maxLength: 4 }), { maxLength: 12 }),
        async (lists) => {
          const folder = mkdtempSync(join(tmpdir(), 'mesoscale-registry-'));
          const content = new RegistryContent();
          const registry = await ENGINES[engine].open(join(folder, 'registry'));
          const epoch = await registry.beginEpoch();
          const answers = lists.map((changes) => registry.store(changes, epoch));
          for (const change of lists.flat()) {
            content.apply(change);
          }
          await Promise.all(answers);
          expect(sorted(await registry.read())).toEqual(sorted(content.snapshot()));
          await registry.close();
          rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 10 },
    );
  });

  test('stores and answers in the order in which it is asked', async () => {
    const { registry, epoch } = await lead(engine);
    const answered: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await registry.store([admit('a', `host-${index}`)], epoch);
        answered.push(index);
      }),
    );
    expect(answered).toEqual(answered.toSorted((a, b) => a - b));
    expect(answered).toHaveLength(20);
    expect(await hostnames(registry)).toEqual(['host-19']);
  });

  test('changes nothing in what has been read', async () => {
    const { registry, epoch } = await lead(engine);
    await registry.store([admit('a')], epoch);
    const before = await registry.read();
    await registry.store(
      [admit('b'), { type: 'removeAgent', id: agentId('a') }, { type: 'setWeights', weights: [] }],
      epoch,
    );
    expect(before.agents.map(({ hostname }) => hostname)).toEqual(['a']);
    expect(before.weights).toBeUndefined();
    expect(await hostnames(registry)).toEqual(['b']);
  });

  test('is larger with more agents', async () => {
    const { registry, epoch } = await lead(engine);
    await registry.store([admit('a')], epoch);
    const one = registry.sizeBytes();
    await registry.store([admit('b', 'h'.repeat(100_000))], epoch);
    expect(registry.sizeBytes()).toBeGreaterThan(one + 90_000);
  });

  test('refuses what a master of an earlier epoch writes, and stores nothing of it', async () => {
    const registry = await open(engine);
    const first = await registry.beginEpoch();
    expect(first).toBeGreaterThan(0);
    expect(await registry.store([admit('before')], first - 1)).toBe('notLeader');
    expect(await registry.store([admit('a')], first)).toBe('stored');
    const second = await registry.beginEpoch();
    expect(second).toBeGreaterThan(first);
    const results = await Promise.all([
      registry.store([admit('b'), { type: 'removeAgent', id: agentId('a') }], first),
      registry.store([admit('c')], second),
      registry.store([admit('d')], first),
    ]);
    expect(results).toEqual(['notLeader', 'stored', 'notLeader']);
    expect(await hostnames(registry)).toEqual(['a', 'c']);
  });

  test('says truly what it has of a writer whose epoch ends meanwhile', async () => {
    const registry = await open(engine);
    const first = await registry.beginEpoch();
    const [early, second, late] = await Promise.all([
      registry.store([admit('early')], first),
      registry.beginEpoch(),
      registry.store([admit('late')], first),
    ]);
    expect(second).toBeGreaterThan(first);
    expect(late).toBe('notLeader');
    expect(await hostnames(registry)).toEqual(early === 'stored' ? ['early'] : []);
  });

  test('refuses an epoch that has not begun', async () => {
    const registry = await open(engine);
    const epoch = await registry.beginEpoch();
    expect(await registry.store([admit('a')], epoch + 1)).toBe('notLeader');
    expect(await hostnames(registry)).toEqual([]);
  });
});

describe.each(durable)('what a registry in %s has stored', (engine) => {
  test('is there for the next master', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { maxLength: 30 }), async (changes) => {
        const folder = mkdtempSync(join(tmpdir(), 'mesoscale-registry-'));
        const place = join(folder, 'registry');
        const content = new RegistryContent();
        const registry = await ENGINES[engine].open(place);
        await registry.store(changes, await registry.beginEpoch());
        await registry.close();
        for (const change of changes) {
          content.apply(change);
        }
        expect(await found(engine, place)).toEqual(sorted(content.snapshot()));
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 8 },
    );
  });

  test('is replaced by what the changes make of nothing; only in the present epoch', async () => {
    const histories = fc.array(anyChange, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(histories, histories, async (before, after) => {
        const folder = mkdtempSync(join(tmpdir(), 'mesoscale-registry-'));
        const place = join(folder, 'registry');
        const registry = await DURABLE_ENGINES[engine].open(place);
        const epoch = await registry.beginEpoch();
        await registry.store(before, epoch);
        expect(await registry.replace([], epoch - 1)).toBe('notLeader');
        expect(await registry.replace(after, epoch)).toBe('stored');
        const content = new RegistryContent();
        for (const change of after) {
          content.apply(change);
        }
        expect(sorted(await registry.read())).toEqual(sorted(content.snapshot()));
        await registry.close();
        expect(await found(engine, place)).toEqual(sorted(content.snapshot()));
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 8 },
    );
  });

  test('has a format, and an epoch where it keeps one', async () => {
    const registry = await DURABLE_ENGINES[engine].open(newPlace());
    onTestFinished(() => registry.close());
    const before = await registry.describe();
    const epoch = await registry.beginEpoch();
    const isKept = engine === 'ZooKeeper';
    expect(before).toEqual(isKept ? undefined : { format: 2 });
    expect(await registry.describe()).toEqual({ format: 2, ...(isKept && { epoch }) });
  });

  test('is of one master at a time: a second one is kept out, or ends the epoch of the first', async () => {
    const place = newPlace();
    const first = await open(engine, place);
    const old = await first.beginEpoch();
    const opened = await ENGINES[engine].open(place).catch((error: unknown) => error);
    if (opened instanceof RegistryError) {
      expect(await first.store([admit('a')], old)).toBe('stored');
    } else {
      const second = opened as Registry;
      onTestFinished(() => second.close());
      expect(await second.store([admit('a')], await second.beginEpoch())).toBe('stored');
      expect(await first.store([admit('late')], old)).toBe('notLeader');
    }
    expect(await hostnames(first)).toEqual(['a']);
  });

  test('survives kill -9 at any moment: all that was acknowledged, whole and in order', async () => {
    const place = newPlace();
    let acknowledged = -1;
    for (const lifeMs of [0, 3, 11, 23, 47]) {
      acknowledged = await runAndKill({ engine, place, first: acknowledged + 1, lifeMs });
      // Changes after the last answer that reached us may be there, too.
      const last = lastIncluded(await found(engine, place), acknowledged);
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = last;
    }
    expect(acknowledged).toBeGreaterThan(0);
  });
});

/** The number of the last change in what was found: at least `from`; -1 when no history fits. */
function lastIncluded(found: RegistrySnapshot, from: number): number {
  const content = new RegistryContent();
  for (let number = 0; number < from + 3000; number++) {
    if (number > from && brief(content.snapshot()) === brief(found)) {
      return number - 1;
    }
    content.apply(numberedChange(number));
  }
  return -1;
}

function brief(snapshot: RegistrySnapshot): string {
  const { agents, unreachable, gone } = sorted(snapshot);
  return JSON.stringify([
    agents.map((agent) => [agent.id?.value, agent.hostname]),
    unreachable.map(({ id, sinceNs }) => [id, String(sinceNs)]),
    gone.map(({ id, sinceNs }) => [id, String(sinceNs)]),
  ]);
}

interface Life {
  readonly engine: EngineName;
  readonly place: string;
  /** The number of the first change. */
  readonly first: number;
  /** After the first answer. */
  readonly lifeMs: number;
}

/** Lets a writer run for a while, then kills it; resolves to the last acknowledged number. */
function runAndKill({ engine, place, first, lifeMs }: Life): Promise<number> {
  return new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'writer-child.ts');
    const child = fork(script, [engine, place, String(first)]);
    let last = first - 1;
    child.on('message', (message) => {
      if (typeof message === 'number') {
        if (last < first) {
          setTimeout(() => child.kill('SIGKILL'), lifeMs);
        }
        last = Math.max(last, message);
      }
    });
    child.on('error', reject);
    child.on('exit', () => resolve(last));
  });
}
