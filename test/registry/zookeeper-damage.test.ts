// What others than masters do to the registry in ZooKeeper: its reader finds every znode that is
// missing, old, changed or strange, and no other. And an import that ends at any moment leaves what
// was there, or what was to come.
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { agentId } from '../../src/model/ids.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { RegistryContent } from '../../src/model/registry-content.ts';
import { DamageError, type Flaw } from '../../src/registry/registry.ts';
import { decodeHead } from '../../src/registry/zookeeper-head.ts';
import { Layout, pageOf } from '../../src/registry/zookeeper-layout.ts';
import { ZooKeeperRegistry } from '../../src/registry/zookeeper-registry.ts';
import { Znodes } from '../simulation/zookeeper/znodes.ts';
import { anyChange, sorted } from './snapshots.ts';
import { ZnodesSession } from './znodes-session.ts';

const FOLDER = '/registry';
const HEAD = `${FOLDER}/head`;

const admit = (id: string, hostname = id): RegistryChange => ({
  type: 'admitAgent',
  agent: { hostname, id: { value: id } },
});

const pathOf = (id: string) => new Layout(FOLDER).place('content-0-0').page(pageOf(id));

/** A registry, and every value that its znodes have ever had. */
class Specimen {
  readonly values = new Map<string, Buffer[]>();
  readonly znodes = new Znodes((kind, path) => {
    if (kind === 'data' && path.startsWith(FOLDER) && this.znodes.exists(path)) {
      this.values.set(path, [...(this.values.get(path) ?? []), this.znodes.get(path).data]);
    }
  });

  open(): ZooKeeperRegistry {
    const registry = this.#open(new ZnodesSession(this.znodes));
    onTestFinished(() => registry.close());
    return registry;
  }

  /** One that is killed after so many changes; `killed` resolves then. */
  openMortal(changes: number) {
    const session = new ZnodesSession(this.znodes, changes);
    return { registry: this.#open(session), killed: session.killed };
  }

  #open(session: ZnodesSession): ZooKeeperRegistry {
    const log = (_level: string, text: string) => void this.told.push(text);
    return new ZooKeeperRegistry({ connect: () => session, folder: FOLDER, log });
  }

  readonly told: string[] = [];

  /** All that is below, but for the head. */
  content(folder = FOLDER): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const name of this.znodes.children(folder)) {
      const path = `${folder}/${name}`;
      if (path !== HEAD) {
        found.set(path, this.znodes.get(path).data);
        for (const [below, data] of this.content(path)) {
          found.set(below, data);
        }
      }
    }
    return found;
  }
}

/** By several leaders, one after the other. */
async function specimenOf(epochs: readonly (readonly RegistryChange[])[]): Promise<Specimen> {
  const specimen = new Specimen();
  for (const changes of epochs) {
    const registry = specimen.open();
    const epoch = await registry.beginEpoch();
    for (const change of changes) {
      await registry.store([change], epoch);
    }
  }
  return specimen;
}

function contentOf(changes: readonly RegistryChange[]) {
  const content = new RegistryContent();
  for (const change of changes) {
    content.apply(change);
  }
  return content.snapshot();
}

async function flawsOf(specimen: Specimen): Promise<readonly Flaw[]> {
  const error = await specimen
    .open()
    .read()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  if (error !== undefined && !(error instanceof DamageError)) {
    throw error;
  }
  return error?.flaws ?? [];
}

const histories = fc.array(fc.array(anyChange, { maxLength: 12 }), { minLength: 1, maxLength: 3 });

/** What somebody does to one znode; `at` chooses which, and `to` what it becomes. */
const deeds = fc.array(
  fc.record({
    does: fc.constantFrom('delete', 'setBack', 'flip', 'truncate', 'add'),
    at: fc.nat(),
    to: fc.nat(),
  }),
  { minLength: 1, maxLength: 4 },
);
type Deed = typeof deeds extends fc.Arbitrary<readonly (infer D)[]> ? D : never;

const isLeaf = (path: string) => path.split('/').length === 5;
const at = <T>(items: readonly T[], number: number) => items[number % items.length] as T;

function carryOut({ znodes, values }: Specimen, { does, at: which, to }: Deed): void {
  const everKnown = [...values.keys()].filter(isLeaf).toSorted();
  const path = at(everKnown, which);
  if (does === 'add') {
    const folder = at(['agents', 'index', 'settings'], to);
    const name = at(['0000', '1fff', '00', '3f', 'weights', 'quotas', 'x', '2000'], which);
    const added = `${FOLDER}/content-0-0/${folder}/${name}`;
    const bytes = at([...values.values()].flat(), to);
    znodes.exists(added) || znodes.create(added, bytes, '', {});
    return;
  }
  const earlier = at(values.get(path) as Buffer[], to);
  if (!znodes.exists(path)) {
    // An earlier value of what has gone since comes back.
    does === 'setBack' && znodes.create(path, earlier, '', {});
    return;
  }
  const { data } = znodes.get(path);
  switch (does) {
    case 'delete':
      znodes.delete(path);
      return;
    case 'setBack':
      znodes.set(path, earlier);
      return;
    case 'truncate':
      znodes.set(path, data.subarray(0, to % data.length));
      return;
    case 'flip': {
      const flipped = Buffer.from(data);
      const byte = to % data.length;
      flipped[byte] = (flipped[byte] as number) ^ (1 << (to % 8));
      znodes.set(path, flipped);
      return;
    }
    default:
      does satisfies never;
  }
}

/** The paths that differ, and which of these a reader must tell of. */
function differences(before: Map<string, Buffer>, after: Map<string, Buffer>) {
  const all = [...new Set([...before.keys(), ...after.keys()])].filter((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    return old === undefined || now === undefined || !old.equals(now);
  });
  const groups = new Set(all.flatMap((path) => /index\/([0-3][0-9a-f])$/.exec(path)?.[1] ?? []));
  const groupOf = (path: string) => {
    const page = Number.parseInt(/agents\/([01]...)$/.exec(path)?.[1] ?? '', 16);
    return Math.floor(page / 128)
      .toString(16)
      .padStart(2, '0');
  };
  // Where a group is wrong, nothing tells which of its pages there were.
  return { all, certain: all.filter((path) => !groups.has(groupOf(path))) };
}

const placesOf = (flaws: readonly Flaw[]) => flaws.map(({ text }) => text.split(' ')[0] as string);

describe('a reader of the registry in ZooKeeper', () => {
  test('finds all that its leaders have stored, and nothing wrong', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (epochs) => {
        const specimen = await specimenOf(epochs);
        expect(await flawsOf(specimen)).toEqual([]);
        expect(sorted(await specimen.open().read())).toEqual(sorted(contentOf(epochs.flat())));
      }),
    );
  });

  test('tells of each znode that is not as a master has written it last, and of no other', async () => {
    await fc.assert(
      fc.asyncProperty(histories, deeds, async (epochs, done) => {
        const specimen = await specimenOf([
          [
            { type: 'markGone', id: agentId('agent-9'), sinceNs: 9n },
            { type: 'setWeights', weights: [] },
          ],
          ...epochs,
        ]);
        const before = specimen.content();
        for (const deed of done) {
          carryOut(specimen, deed);
        }
        const told = placesOf(await flawsOf(specimen));
        const { all, certain } = differences(before, specimen.content());
        expect(told).toEqual([...new Set(told)]);
        expect(told).toEqual(expect.arrayContaining(certain));
        expect(all).toEqual(expect.arrayContaining(told));
      }),
      { numRuns: 200 },
    );
  });

  test('says of each znode what is wrong with it, and its message names the first', async () => {
    const specimen = await specimenOf([
      [admit('a'), admit('b'), admit('c'), { type: 'setWeights', weights: [] }],
      [admit('a', 'elsewhere')],
    ]);
    const { znodes, values } = specimen;
    const [a = '', b = '', c = ''] = ['a', 'b', 'c'].map(pathOf);
    const settings = `${FOLDER}/content-0-0/settings`;
    znodes.set(a, values.get(a)?.[0] as Buffer);
    znodes.delete(b);
    znodes.set(c, Buffer.alloc(3));
    znodes.create(`${settings}/colour`, Buffer.alloc(4), '', {});
    znodes.delete(`${settings}/weights`);
    const flaws = [
      { kind: 'missing', text: `${b} in ZooKeeper is missing` },
      { kind: 'outdated', text: `${a} in ZooKeeper is not what was last written there` },
      { kind: 'damaged', text: `${c} in ZooKeeper is damaged: it is not as it was written` },
      { kind: 'stray', text: `${settings}/colour in ZooKeeper was not written by a master` },
      { kind: 'missing', text: `${settings}/weights in ZooKeeper is missing` },
    ];
    expect(await flawsOf(specimen)).toEqual(flaws);
    const named = flaws.slice(0, 3).map(({ text }) => text);
    await expect(specimen.open().read()).rejects.toThrow(
      `${named.join('; ')}; and 2 more, which 'mesoscale registry check' tells`,
    );
  });

  test('tells of a group that is set back with its page, and of the folder that is gone', async () => {
    const specimen = await specimenOf([[admit('a'), admit('a', 'elsewhere')]]);
    const { znodes, values } = specimen;
    const group = `${FOLDER}/content-0-0/index/3c`;
    for (const path of [pathOf('a'), group]) {
      znodes.set(path, values.get(path)?.[0] as Buffer);
    }
    expect(placesOf(await flawsOf(specimen))).toEqual([group]);
    znodes.delete(pathOf('a'));
    znodes.delete(`${FOLDER}/content-0-0/agents`);
    expect(placesOf(await flawsOf(specimen))).toEqual([`${FOLDER}/content-0-0/agents`, group]);
  });
});

describe('the head', () => {
  test('that somebody else has written is refused, though all were set back with it', async () => {
    const specimen = await specimenOf([[admit('a')], [admit('a', 'elsewhere')]]);
    const { znodes, values } = specimen;
    for (const [path, [first]] of values) {
      znodes.set(path, first as Buffer);
    }
    const words = `${HEAD} in ZooKeeper is damaged: somebody else has written it since a master did`;
    await expect(specimen.open().beginEpoch()).rejects.toThrow(words);
    await expect(specimen.open().read()).rejects.toThrow(words);
  });

  test('is refused where a single bit of it has changed', async () => {
    const specimen = await specimenOf([[admit('a'), { type: 'setWeights', weights: [] }]]);
    const { znodes } = specimen;
    const { data, version } = znodes.get(HEAD);
    for (let bit = 0; bit < data.length * 8; bit++) {
      const flipped = Buffer.from(data);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeHead(HEAD, flipped)).toThrow(
        /is damaged: it (is not as it was written|tells no format)|\(format \d+, this one knows 2\)/,
      );
    }
    expect(decodeHead(HEAD, data)).toMatchObject({ epoch: 1, batch: 2, writes: version });
  });

  test('of a copy is taken, and the log says that it may be old; once', async () => {
    const original = await specimenOf([[admit('a')], [admit('b')]]);
    const copy = new Specimen();
    copy.znodes.create(FOLDER, original.znodes.get(FOLDER).data, '', {});
    for (const [path, data] of [
      ...original.content(),
      [HEAD, original.znodes.get(HEAD).data],
    ] as const) {
      copy.znodes.create(path, data, '', {});
    }
    for (const epoch of [3, 4]) {
      const registry = copy.open();
      expect(await registry.beginEpoch()).toBe(epoch);
      expect((await registry.read()).agents).toHaveLength(2);
      expect(await registry.store([admit('a', `of ${epoch}`)], epoch)).toBe('stored');
    }
    expect(copy.told).toEqual([
      `${FOLDER} in ZooKeeper is a copy: nothing tells whether it is of the latest`,
    ]);
  });
});

describe('a replacement', () => {
  const agents = (of: string, count: number) =>
    Array.from({ length: count }, (_, index) => admit(`${of}-${index}`, 'h'.repeat(20_000)));
  const before: readonly RegistryChange[] = [
    ...agents('old', 12),
    { type: 'setWeights', weights: [{ role: 'r', weight: 2 }] },
  ];
  const after: readonly RegistryChange[] = [
    ...agents('new', 20),
    { type: 'setQuotas', quotas: [] },
  ];

  const wanted = sorted(contentOf(after));

  test('that is killed with any change leaves what was there, or what was to come; the next one cleans up', async () => {
    const ends = new Set<string>();
    for (let changes = 0; !ends.has('carried out'); changes++) {
      const specimen = await specimenOf([before]);
      const { registry, killed } = specimen.openMortal(changes);
      const replaced = registry.beginEpoch().then((epoch) => registry.replace(after, epoch));
      const end = await Promise.race([replaced, killed]);
      if (end === 'stored') {
        ends.add('carried out');
      }
      const found = sorted(await specimen.open().read());
      const isNew = found.agents.some(({ id }) => id?.value.startsWith('new'));
      ends.add(isNew ? 'replaced' : 'as before');
      expect(found).toEqual(isNew ? wanted : sorted(contentOf(before)));

      const next = specimen.open();
      expect(await next.replace(after, await next.beginEpoch())).toBe('stored');
      expect(sorted(await next.read())).toEqual(wanted);
      expect(specimen.znodes.children(FOLDER)).toHaveLength(2);
    }
    expect([...ends].toSorted()).toEqual(['as before', 'carried out', 'replaced']);
  });

  test('keeps out who led, and is kept out by who leads since', async () => {
    const specimen = await specimenOf([before]);
    const leader = specimen.open();
    const epoch = await leader.beginEpoch();
    const importer = specimen.open();
    const later = await importer.beginEpoch();
    expect(await importer.replace(after, later)).toBe('stored');
    expect(await leader.store([admit('late')], epoch)).toBe('notLeader');
    const next = specimen.open();
    await next.beginEpoch();
    expect(await importer.replace(before, later)).toBe('notLeader');
    expect(sorted(await next.read())).toEqual(sorted(contentOf(after)));
  });

  test('goes on as the content of who has made it', async () => {
    const specimen = await specimenOf([before]);
    const registry = specimen.open();
    const epoch = await registry.beginEpoch();
    for (const changes of [after, before, after]) {
      expect(await registry.replace(changes, epoch)).toBe('stored');
      expect(await registry.store([admit('another')], epoch)).toBe('stored');
      expect(sorted(await registry.read())).toEqual(
        sorted(contentOf([...changes, admit('another')])),
      );
    }
    expect(sorted(await specimen.open().read())).toEqual(sorted(await registry.read()));
  });

  test('with a znode that is too large is refused, and changes nothing', async () => {
    const specimen = await specimenOf([before]);
    const registry = specimen.open();
    const epoch = await registry.beginEpoch();
    const large = [admit('a'), admit('large', 'h'.repeat(1_000_001))];
    await expect(registry.replace(large, epoch)).rejects.toThrow(
      `ZooKeeper cannot hold ${FOLDER}/content-2-1/agents/`,
    );
    expect(await registry.store([admit('another')], epoch)).toBe('stored');
    expect(sorted(await registry.read())).toEqual(sorted(contentOf([...before, admit('another')])));
  });
});
