// Registries that something has happened to while no master ran: an import that was killed, and
// znodes that others have deleted, set back or added. What `mesoscale registry` and masters say.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentId } from '../../src/model/ids.ts';
import { writeDocument } from '../../src/registry/registry-document.ts';
import { ZooKeeperSession } from '../../src/zookeeper/session.ts';
import { freePort, TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';
import { Ensemble } from '../support/zookeeper.ts';

let ensemble: Ensemble;
let operator: ZooKeeperSession;
const cluster = new TestCluster();

beforeAll(async () => {
  ensemble = await Ensemble.start();
  operator = new ZooKeeperSession({ servers: ensemble.addresses, timeoutMs: 10_000 });
  await until('the session is held', () => operator.isHeld());
});
afterAll(async () => {
  await operator.close();
  await cluster.stop();
  await ensemble.stop();
});

const MESOSCALE = join(root, 'bin', 'mesoscale');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `mesoscale registry`; it is killed after the time given. */
async function run(parameters: readonly string[], input = '', killMs?: number): Promise<Ended> {
  const child = spawn(MESOSCALE, ['registry', ...parameters]);
  const timer = killMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killMs);
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  clearTimeout(timer);
  return { status, stdout, stderr };
}

/** What it prints, and nothing to standard error. */
async function printed(parameters: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await run(parameters, input);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const put = (place: string, document: string) => printed(['import', '--replace', place], document);

const documentOf = (name: string, agents: number) =>
  writeDocument({
    agents: Array.from({ length: agents }, (_, index) => ({
      id: { value: `${name}-S${index}` },
      hostname: `${name}-${'h'.repeat(1_000)}`,
    })),
    unreachable: [{ id: agentId(`${name}-lost`), sinceNs: 5n }],
    gone: [],
    weights: [{ role: name, weight: 2 }],
  });

const zk = (path: string) => `--zk=zk://${ensemble.addresses.join(',')}${path}`;
const workFolder = (name: string) => {
  const folder = join(cluster.folder, name);
  mkdirSync(folder);
  return `--work_dir=${folder}`;
};

test.each([
  ['ZooKeeper', 1_200, () => zk('/imports')],
  // Writes more in the same time.
  ['SQLite', 4_000, () => workFolder('imports')],
] as const)(
  'an import into %s that is killed leaves what was there, or what was to come',
  async (_, agents, at) => {
    const place = at();
    const [one, two] = [documentOf('one', agents), documentOf('two', agents * 0.75)];
    const beganMs = performance.now();
    await put(place, one);
    const wholeMs = performance.now() - beganMs;
    expect(await printed(['export', place])).toBe(one);
    for (const part of [0.5, 0.7, 0.8, 0.9]) {
      await run(['import', '--replace', place], two, wholeMs * part);
      // Refused where it is not whole, as below.
      const found = await printed(['export', place]);
      expect(found === one || found === two).toBe(true);
    }
    await put(place, two);
    expect(await printed(['export', place])).toBe(two);
  },
);

test('damage is told in full by check, and a master that is elected refuses it with its words', async () => {
  const place = zk('/damaged');
  const folder = '/damaged-registry';
  await put(place, documentOf('first', 3));
  const [content = ''] = (await operator.children(folder)).filter((name) => name !== 'head');
  const agents = `${folder}/${content}/agents`;
  const [deleted, old, ...others] = (await operator.children(agents)).toSorted();
  const data = (await operator.get(`${agents}/${old}`)).data;
  await operator.delete(`${agents}/${deleted}`);
  await operator.set(`${agents}/${others[0]}`, Buffer.from('nothing'));
  await operator.create(`${folder}/${content}/settings/quotas`, data);
  const checked = await run(['check', place]);
  const lines = [
    `${agents}/${deleted} in ZooKeeper is missing`,
    `${agents}/${others[0]} in ZooKeeper is damaged: it is not as it was written`,
    `${folder}/${content}/settings/quotas in ZooKeeper is damaged: it is not as it was written`,
    '',
    '3 faults: 2 damaged, 1 missing',
    '',
  ];
  expect(checked).toEqual({ status: 1, stdout: lines.join('\n'), stderr: '' });
  const master = cluster.run(
    ['master', '--ip=127.0.0.1', `--port=${await freePort()}`, place],
    'damaged.log',
  );
  expect(await master.ended()).toBe(1);
  expect(master.log).toContain(
    `The registry is lost: it cannot be read: ${agents}/${deleted} in ZooKeeper is missing; `,
  );
  expect(await run(['export', place])).toMatchObject({ status: 1, stdout: '' });
  const { stdout: rest, ...told } = await run(['export', '--salvage', place]);
  expect(told).toEqual({ status: 0, stderr: lines.join('\n') });
  await put(place, rest);
  expect(await printed(['check', place])).toContain('it has 1 agent, 1 unreachable');
  await put(place, documentOf('second', 2));
  expect(await printed(['check', place])).toContain('The registry is whole: it has 2 agents');
});

test('an import that is refused, for the registry is not empty, disturbs no leader', async () => {
  const place = zk('/led');
  await put(place, documentOf('led', 1));
  const before = await printed(['show', place]);
  expect(before).toMatch(/^1 agent, 1 unreachable, 0 gone; .*; format 2; epoch 1$/m);
  const refused = await run(['import', place], documentOf('other', 1));
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain('the registry is not empty: it has 1 agent, ');
  expect(await printed(['show', place])).toBe(before);
});
