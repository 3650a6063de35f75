// The examples of docs/http-api.md on a real cluster: each is answered as the page shows. With
// RECORD=true the answers are written down anew, for `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLE_CALLS, type Recorded } from '../../scripts/api/example-calls.ts';
import { TestCluster, until } from '../support/cluster.ts';
import { ask } from '../support/requests.ts';
import { root } from '../support/sources.ts';

const FILE = join(root, 'scripts', 'api', 'answers.json');
const isRecording = process.env.RECORD === 'true';
const recorded: readonly Recorded[] = isRecording ? [] : JSON.parse(readFileSync(FILE, 'utf8'));

/** The names that the page has for what differs from run to run, longest value first. */
let names: readonly (readonly [value: string, name: string])[];
const cluster = new TestCluster();
const servers: Record<'master' | 'agent', string> = { master: '', agent: '' };
const answers: Recorded[] = [];

beforeAll(async () => {
  await cluster.start({
    master: [`--log_dir=${join(cluster.folder, 'log')}`],
    agent: ['--attributes=rack:r1'],
  });
  const program = cluster.run(
    [
      'execute',
      `--master=${cluster.address}`,
      '--name=web',
      '--command=echo hello; sleep 1000',
      '--resources=cpus:0.1;mem:32',
    ],
    'web.log',
  );
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  const { frameworks, slaves } = (await cluster.get('/state')) as {
    frameworks: {
      id: string;
      tasks: {
        id: string;
        statuses: { container_status?: { container_id: { value: string } } }[];
      }[];
    }[];
    slaves: { id: string; pid: string }[];
  };
  const [framework] = frameworks;
  const [agent] = slaves;
  const task = framework?.tasks[0];
  const container = task?.statuses.findLast((each) => each.container_status)?.container_status
    ?.container_id.value;
  servers.master = cluster.address;
  servers.agent = /@(.+)$/.exec(agent?.pid ?? '')?.[1] ?? '';
  const state = (await cluster.get('/state', servers.agent)) as {
    frameworks: { executors: { directory: string; id: string }[] }[];
  };
  const executor = state.frameworks[0]?.executors[0];
  names = (
    [
      [executor?.directory ?? '', 'SANDBOX'],
      [framework?.id ?? '', 'FRAMEWORK'],
      [agent?.id ?? '', 'AGENT'],
      [container ?? '', 'CONTAINER'],
      [servers.master, '127.0.0.1:5050'],
      [servers.agent, '127.0.0.1:5051'],
      [cluster.folder, '/var/lib/mesos'],
      [framework?.id.replace(/-\d+$/, '') ?? '', 'MASTER'],
    ] as const
  ).filter(([value]) => value !== '');
});
afterAll(async () => {
  await cluster.stop();
  if (isRecording) {
    writeFileSync(FILE, `${JSON.stringify(answers, undefined, 1)}\n`);
  }
});

const inCluster = (text: string) =>
  names
    .reduce((all, [value, name]) => all.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), value), text)
    .replaceAll('"TASK"', '"web"');
const onPage = (text: string) =>
  names.reduce((all, [value, name]) => all.replaceAll(value, name), text);

const LONGEST_TEXT = 120;

/** Lists have one item, long texts an end. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.slice(0, 1).map(shortened);
  }
  if (typeof value === 'string' && value.length > LONGEST_TEXT) {
    return `${value.slice(0, LONGEST_TEXT)}…`;
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shortened(each)]))
    : value;
}

/** The keys and types of an answer, which do not differ from run to run. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.slice(0, 1).map(shapeOf);
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]))
    : typeof value;
}

describe('each call is answered as the page shows', () => {
  test.each(EXAMPLE_CALLS.filter(({ isNotShown }) => isNotShown === undefined))(
    '$server $call.type',
    async ({ server, call }) => {
      const response = await ask(servers[server], '/api/v1', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: inCluster(JSON.stringify(call)),
      });
      const { status } = response;
      const text = onPage(await response.text());
      expect([200, 202], `${status} ${text}`).toContain(status);
      const answer: unknown = text === '' ? undefined : shortened(JSON.parse(text));
      const now = { server, type: call.type, status, ...(answer !== undefined && { answer }) };
      answers.push(now as Recorded);
      if (!isRecording) {
        const before = recorded.find((each) => each.server === server && each.type === call.type);
        expect(shapeOf(now)).toEqual(shapeOf(before));
      }
    },
  );
});
