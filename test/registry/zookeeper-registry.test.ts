// The registry in ZooKeeper, where more goes wrong than on a disk: several masters, lost answers,
// servers that end, folders of others.

import { connect, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { agentId } from '../../src/model/ids.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { RegistryContent } from '../../src/model/registry-content.ts';
import { RegistryError, TooLargeError } from '../../src/registry/registry.ts';
import { pageOf } from '../../src/registry/zookeeper-layout.ts';
import type { ZooKeeperRegistry } from '../../src/registry/zookeeper-registry.ts';
import { createFolder } from '../../src/zookeeper/folders.ts';
import { ZooKeeperSession } from '../../src/zookeeper/session.ts';
import { until } from '../support/cluster.ts';
import { Ensemble } from '../support/zookeeper.ts';
import { useServer, zooKeeperRegistry } from './engines.ts';
import { anyChange, sorted } from './snapshots.ts';

const TIMEOUT_MS = 1_500;

let ensemble: Ensemble;
let operator: ZooKeeperSession;
beforeAll(async () => {
  ensemble = await Ensemble.start();
  useServer(ensemble.addresses[0] as string);
  operator = await connected();
});
afterAll(async () => {
  await operator.close();
  await ensemble.stop();
});

async function connected(credentials?: string): Promise<ZooKeeperSession> {
  const session = new ZooKeeperSession({
    servers: ensemble.addresses,
    credentials,
    timeoutMs: 10_000,
  });
  await until('the session is held', () => session.isHeld());
  return session;
}

/** The name of the first content in a folder. */
const CONTENT = 'content-0-0';

let folders = 0;
const newFolder = () => `/registry-${++folders}`;

function open(options: Parameters<typeof zooKeeperRegistry>[0]): ZooKeeperRegistry {
  const registry = zooKeeperRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

const admit = (id: string, hostname = id): RegistryChange => ({
  type: 'admitAgent',
  agent: { hostname, id: { value: id } },
});

const hostnames = async (registry: ZooKeeperRegistry) =>
  (await registry.read()).agents.map(({ hostname }) => hostname).toSorted();

/** Passes bytes between a registry and the server, until it is told to lose something. */
class Wire {
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  /** What becomes of the server's answers. */
  answers: 'pass' | 'lose' | 'halve' = 'pass';
  port = 0;

  private constructor(target: number) {
    this.#target = target;
  }

  static async start(): Promise<Wire> {
    const wire = new Wire(Number(ensemble.addresses[0]?.split(':')[1]));
    const { promise, resolve } = Promise.withResolvers<void>();
    wire.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    wire.port = (wire.#server.address() as { port: number }).port;
    onTestFinished(() => {
      wire.#server.close();
      wire.cut();
    });
    return wire;
  }

  connect(timeoutMs = TIMEOUT_MS): ZooKeeperSession {
    return new ZooKeeperSession({ servers: [`127.0.0.1:${this.port}`], timeoutMs });
  }

  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#sockets.clear();
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          client.destroy();
          server.destroy();
        });
    }
    client.pipe(server);
    server.on('data', (data: Buffer) => {
      // A sign of life is answered by 20 bytes; what matters here is longer.
      if (this.answers === 'pass' || data.length <= SIGN_OF_LIFE) {
        client.write(data);
        return;
      }
      client.end(this.answers === 'halve' ? data.subarray(0, data.length / 2) : '');
      this.answers = 'pass';
      server.destroy();
    });
  }
}

const SIGN_OF_LIFE = 20;

describe('two registries', () => {
  test('of which one believes that it still leads: it writes nothing, and is told', async () => {
    const folder = newFolder();
    const [a, b] = [open({ folder }), open({ folder })];
    const epochs = [await a.beginEpoch()];
    expect(await a.store([admit('a')], epochs[0] as number)).toBe('stored');
    epochs.push(await b.beginEpoch());
    expect(await hostnames(b)).toEqual(['a']);
    expect(await a.store([admit('late')], epochs[0] as number)).toBe('notLeader');
    expect(await b.store([admit('b')], epochs[1] as number)).toBe('stored');
    epochs.push(await a.beginEpoch());
    expect(await b.store([admit('later')], epochs[1] as number)).toBe('notLeader');
    expect(await a.store([admit('c')], epochs[2] as number)).toBe('stored');
    expect(await hostnames(a)).toEqual(['a', 'b', 'c']);
    expect(epochs).toEqual([1, 2, 3]);
  });

  test('take over from each other while both write: each change is of the leader of its time', async () => {
    const folder = newFolder();
    const registries = [open({ folder }), open({ folder }), open({ folder })];
    const stored: number[] = [];
    const writers = registries.map(async (registry, index) => {
      for (let round = 0; round < 5; round++) {
        const epoch = await registry.beginEpoch();
        const before = await hostnames(registry);
        for (let number = 0; ; number++) {
          const id = `${epoch}-${String(number).padStart(4, '0')}`;
          if ((await registry.store([admit(`w${index}`, id)], epoch)) === 'notLeader') {
            break;
          }
          // What the earlier leaders had stored is not what this one has not read.
          expect(before.every((name) => Number(name.split('-')[0]) < epoch)).toBe(true);
          stored.push(epoch);
          if (number === 20) {
            break;
          }
        }
      }
    });
    await Promise.all(writers);
    expect(stored).toEqual(stored.toSorted((a, b) => a - b));
  });

  test('make one folder at the same time', async () => {
    const folder = `${newFolder()}/within/another`;
    const registries = Array.from({ length: 4 }, () => open({ folder }));
    const epochs = await Promise.all(registries.map((registry) => registry.beginEpoch()));
    expect(epochs.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4]);
  });
});

describe('an answer that is lost', () => {
  test.each(['lose', 'halve'] as const)(
    'does not lose the change, nor make it twice (%s)',
    async (answers) => {
      const wire = await Wire.start();
      const folder = newFolder();
      const registry = open({ folder, connect: () => wire.connect() });
      const epoch = await registry.beginEpoch();
      for (let round = 0; round < 5; round++) {
        wire.answers = answers;
        expect(await registry.store([admit(`a${round}`)], epoch)).toBe('stored');
      }
      expect(await hostnames(registry)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
      // The version of the head counts the transactions: five, after that which began the epoch.
      expect(await operator.get(`${folder}/head`)).toMatchObject({ version: 6 });
    },
  );

  test('while it reads, or begins an epoch, makes it begin anew', async () => {
    const wire = await Wire.start();
    const registry = open({ folder: newFolder(), connect: () => wire.connect() });
    for (let epoch = 1; epoch <= 3; ) {
      wire.answers = 'halve';
      epoch = await registry.beginEpoch();
      expect(await registry.store([admit(`a${epoch}`)], epoch)).toBe('stored');
      wire.answers = 'lose';
      expect(await hostnames(registry)).toContain(`a${epoch}`);
    }
  });

  test('and a connection that breaks at any moment, lose nothing', async () => {
    const wire = await Wire.start();
    const registry = open({ folder: newFolder(), connect: () => wire.connect() });
    const content = new RegistryContent();
    const epoch = await registry.beginEpoch();
    const changes = fc.sample(anyChange, { numRuns: 120, seed: 7 });
    const answers = changes.map(async (change, index) => {
      content.apply(change);
      const answer = registry.store([change], epoch);
      if (index % 40 === 20) {
        await new Promise(setImmediate);
        wire.cut();
      }
      return await answer;
    });
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['stored']));
    expect(sorted(await registry.read())).toEqual(sorted(content.snapshot()));
  });
});

describe('a registry whose session ends', () => {
  test('has another, and goes on where it was', async () => {
    const folder = newFolder();
    const sessions: ZooKeeperSession[] = [];
    const wire = await Wire.start();
    const registry = open({
      folder,
      connect: () => {
        sessions.push(wire.connect());
        return sessions.at(-1) as ZooKeeperSession;
      },
    });
    const epoch = await registry.beginEpoch();
    await registry.store([admit('a')], epoch);
    await ensemble.pause(1);
    const answer = registry.store([admit('b')], epoch);
    await until('the session has ended', () => sessions[0]?.state === 'expired');
    ensemble.resume(1);
    expect(await answer).toBe('stored');
    expect(sessions).toHaveLength(2);
    expect(await hostnames(registry)).toEqual(['a', 'b']);
  });

  test('is no leader any more where another one was elected meanwhile', async () => {
    const folder = newFolder();
    const wire = await Wire.start();
    const [a, b] = [open({ folder, connect: () => wire.connect() }), open({ folder })];
    const epoch = await a.beginEpoch();
    await a.store([admit('a')], epoch);
    const late = new Promise((resolve) => {
      wire.cut();
      resolve(a.store([admit('late')], epoch));
    });
    const later = await b.beginEpoch();
    const result = await late;
    expect(await b.store([admit('b')], later)).toBe('stored');
    expect(await hostnames(b)).toEqual(
      result === 'stored' ? ['a', 'b', 'late'] : expect.arrayContaining(['a', 'b']),
    );
    expect(await a.store([admit('later')], epoch)).toBe('notLeader');
  });

  test('fails after its deadline, and for good', async () => {
    const wire = await Wire.start();
    const registry = open({
      folder: newFolder(),
      connect: () => wire.connect(),
      storeTimeoutMs: 300,
    });
    const epoch = await registry.beginEpoch();
    await registry.read();
    await ensemble.pause(1);
    onTestFinished(() => ensemble.resume(1));
    await expect(registry.store([admit('a')], epoch)).rejects.toThrow(
      'ZooKeeper took longer than 300ms',
    );
    ensemble.resume(1);
    await expect(registry.store([admit('b')], epoch)).rejects.toThrow(RegistryError);
  });
});

describe('what cannot be stored', () => {
  test('because it is too large is refused, and the rest goes on', async () => {
    const registry = open({ folder: newFolder() });
    const epoch = await registry.beginEpoch();
    const results = await Promise.allSettled([
      registry.store([admit('a')], epoch),
      registry.store([admit('b', 'h'.repeat(1_000_000)), admit('c')], epoch),
      registry.store([admit('d', 'h'.repeat(900_000))], epoch),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { message: /larger than 1000000 bytes/ } });
    const { agents } = await registry.read();
    expect(agents.map(({ id }) => id?.value).toSorted()).toEqual(['a', 'd']);
  });

  test('because others with ids of one sum take up the room is refused, and these stay', async () => {
    const registry = open({ folder: newFolder() });
    const epoch = await registry.beginEpoch();
    const page = pageOf('agent-0');
    const ids: string[] = [];
    for (let number = 0; ids.length < 9; number++) {
      if (pageOf(`agent-${number}`) === page) {
        ids.push(`agent-${number}`);
      }
    }
    const results = await Promise.allSettled(
      ids.map((id) => registry.store([admit(id, id.padEnd(128 * 1024, 'h'))], epoch)),
    );
    expect(results.slice(0, 7).map(({ status }) => status)).toEqual(Array(7).fill('fulfilled'));
    for (const result of results.slice(7)) {
      expect(result).toMatchObject({ reason: expect.any(TooLargeError) });
    }
    expect(await registry.store([{ type: 'removeAgent', id: agentId(ids[0] ?? '') }], epoch)).toBe(
      'stored',
    );
    expect(await registry.store([admit(ids[8] ?? '')], epoch)).toBe('stored');
    expect((await registry.read()).agents).toHaveLength(7);
  });

  test('at once, as thousands of agents that are forgotten, is stored in parts', async () => {
    const registry = open({ folder: newFolder() });
    const epoch = await registry.beginEpoch();
    const ids = Array.from({ length: 6_000 }, (_, index) => agentId(`agent-${index}`));
    const gone = ids.map((id) => ({ type: 'markGone' as const, id, sinceNs: 1n }));
    await Promise.all(gone.map((change) => registry.store([change], epoch)));
    // Something that is to stay makes each page too large to be written with all others.
    const stays = ids.map((id) => admit(id, 'h'.repeat(200)));
    await Promise.all(stays.map((change) => registry.store([change], epoch)));
    expect(await registry.store([{ type: 'forget', ids }], epoch)).toBe('stored');
    const { agents, gone: left } = await registry.read();
    expect([agents.length, left.length]).toEqual([6_000, 0]);
  });

  test('for want of rights is an error that says so', async () => {
    const folder = newFolder();
    const owner = await connected('master:secret');
    onTestFinished(() => owner.close());
    const mine = open({ folder, connect: () => owner });
    await mine.store([admit('a')], await mine.beginEpoch());
    const others = open({ folder });
    expect(await hostnames(others)).toEqual(['a']);
    await expect(others.beginEpoch()).rejects.toThrow(/NO_AUTH/);
  });
});

describe('a folder', () => {
  test('of another program is refused, and left as it is', async () => {
    const folder = newFolder();
    await operator.create(folder, Buffer.from('not ours'));
    await expect(open({ folder }).beginEpoch()).rejects.toThrow(/is no registry of masters/);
    expect(await operator.children(folder)).toEqual([]);
    const filled = newFolder();
    await createFolder(operator, `${filled}/json.info_0000000000`);
    await expect(open({ folder: filled }).beginEpoch()).rejects.toThrow(/no registry of masters/);
  });

  test('that an administrator has made is taken', async () => {
    const folder = newFolder();
    await createFolder(operator, folder);
    expect(await open({ folder }).beginEpoch()).toBe(1);
  });

  test('of a newer version is refused, and the master of an earlier one that writes there ends', async () => {
    const folder = newFolder();
    const lost: string[] = [];
    const early = open({ folder, onLost: ({ message }) => lost.push(message) });
    const epoch = await early.beginEpoch();
    await early.read();
    await operator.set(`${folder}/head`, Buffer.from('{"format":99,"leader":"of another kind"}'));
    const words = /head in ZooKeeper was written by a newer version \(format 99, .* knows 2\)/;
    await expect(early.store([admit('a')], epoch)).rejects.toThrow(words);
    expect(lost).toEqual([expect.stringMatching(words)]);
    const late = open({ folder });
    await expect(late.read()).rejects.toThrow(words);
    await expect(late.beginEpoch()).rejects.toThrow(words);
    expect(await operator.children(`${folder}/${CONTENT}/agents`)).toEqual([]);
  });

  test('of an earlier version is refused as well', async () => {
    const folder = newFolder();
    await open({ folder }).beginEpoch();
    await operator.set(`${folder}/head`, Buffer.from('{"format":1}'));
    await expect(open({ folder }).beginEpoch()).rejects.toThrow(/an earlier version \(format 1, /);
  });

  test('in which something is damaged is refused', async () => {
    const folder = newFolder();
    const registry = open({ folder });
    const epoch = await registry.beginEpoch();
    await registry.store([admit('a'), { type: 'setWeights', weights: [] }], epoch);
    const [page] = await operator.children(`${folder}/${CONTENT}/agents`);
    const [group] = await operator.children(`${folder}/${CONTENT}/index`);
    const paths = [`agents/${page}`, `index/${group}`, 'settings/weights'].map(
      (path) => `${folder}/${CONTENT}/${path}`,
    );
    for (const path of paths) {
      const { data } = await operator.get(path);
      for (let bit = 0; bit < data.length * 8; bit += 37) {
        const damaged = Buffer.from(data);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        await operator.set(path, damaged);
        await expect(registry.read()).rejects.toThrow(`${path} in ZooKeeper is damaged`);
      }
      await operator.set(path, data);
    }
    expect(await hostnames(registry)).toEqual(['a']);
  });

  test('that is deleted ends the registry, even while it has nothing to store', async () => {
    const folder = newFolder();
    const lost: string[] = [];
    const registry = open({ folder, onLost: ({ message }) => lost.push(message) });
    const epoch = await registry.beginEpoch();
    await registry.read();
    await operator.delete(`${folder}/${CONTENT}/agents`);
    await expect(registry.store([admit('a')], epoch)).rejects.toThrow(/has been deleted/);
    expect(lost).toHaveLength(1);
    const idle = newFolder();
    await open({ folder: idle, onLost: ({ message }) => lost.push(message) }).beginEpoch();
    await operator.delete(`${idle}/head`);
    await until('it is noticed', () => lost.length === 2);
    expect(lost[1]).toBe(`${idle} in ZooKeeper has been deleted`);
  });
});

test('an agent is in one znode, and one that is forgotten in none', async () => {
  const folder = newFolder();
  const registry = open({ folder });
  const epoch = await registry.beginEpoch();
  const id = agentId('a');
  await registry.store([admit('a'), { type: 'setDuty', id, deactivated: true }], epoch);
  expect(await operator.children(`${folder}/${CONTENT}/agents`)).toHaveLength(1);
  await registry.store([{ type: 'markGone', id, sinceNs: 5n }], epoch);
  expect(await operator.children(`${folder}/${CONTENT}/agents`)).toHaveLength(1);
  await registry.store([{ type: 'forget', ids: [id] }], epoch);
  expect(await operator.children(`${folder}/${CONTENT}/agents`)).toEqual([]);
  expect(await operator.children(`${folder}/${CONTENT}/index`)).toEqual([]);
  expect(registry.sizeBytes()).toBe(0);
});
