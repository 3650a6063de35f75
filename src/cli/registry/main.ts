// `mesoscale registry`: moves a registry from one engine to another, shows and checks one.
import { existsSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { agentId } from '../../model/ids.ts';
import type { RegistryChange, RegistrySnapshot, UnreachableAgent } from '../../model/registry.ts';
import { type Registry, RegistryError } from '../../registry/registry.ts';
import { readDocument, writeDocument } from '../../registry/registry-document.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { openRegistry, type RegistryPlace } from '../master/registry-engine.ts';
import { registryFile, registryFolder } from '../registry-place.ts';
import { zooKeeperUrlOf } from '../zookeeper-flag.ts';
import type { REGISTRY_FLAGS } from './flags.ts';
import { overviewText } from './overview.ts';

type Values = FlagValues<typeof REGISTRY_FLAGS>;

const VERBS = ['show', 'export', 'import', 'check'] as const;
type Verb = (typeof VERBS)[number];

const SESSION_TIMEOUT_MS = 10_000;
const PATIENCE_MS = 30_000;
/** How many changes are stored at once. */
const PORTION = 1_000;

export async function runRegistry({
  rest: [verb = ''],
  values,
}: ParsedFlags<typeof REGISTRY_FLAGS>): Promise<void> {
  const isVerb = (name: string): name is Verb => (VERBS as readonly string[]).includes(name);
  if (!isVerb(verb)) {
    throw new FlagError(`expected ${VERBS.join(', ')}, got '${verb}' (--help tells of each)`);
  }
  const place = placeOf(values, verb);
  try {
    const registry = await openRegistry(place, {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      fetchTimeoutMs: PATIENCE_MS,
      storeTimeoutMs: PATIENCE_MS,
      log: (_level, text) => void process.stderr.write(`${text}\n`),
      onDoubt: (text) => void process.stderr.write(`${text}\n`),
      onLost: () => undefined,
    });
    try {
      await ACTIONS[verb](registry, values);
    } finally {
      await registry.close();
    }
  } catch (error) {
    throw error instanceof RegistryError ? new FlagError(error.message, { cause: error }) : error;
  }
}

/** Only an import makes a registry. Throws FlagError. */
function placeOf(values: Values, verb: Verb): RegistryPlace {
  const { work_dir: folder, zk, zk_registry_path: path } = values;
  if ((folder === undefined) === (zk === undefined)) {
    throw new FlagError('expected either --work_dir or --zk');
  }
  if (zk !== undefined) {
    const url = zooKeeperUrlOf('zk', zk);
    return { type: 'zookeeper', url, folder: registryFolder(url, path) };
  }
  const file = registryFile(folder ?? '');
  if (verb !== 'import' && !existsSync(file)) {
    throw new FlagError(`--work_dir: ${file} is not there`);
  }
  return { type: 'sqlite', file };
}

const ACTIONS: Readonly<Record<Verb, (registry: Registry, values: Values) => Promise<void>>> = {
  show: async (registry) => {
    process.stdout.write(overviewText(await readInOrder(registry), registry.sizeBytes()));
  },
  export: async (registry) => {
    process.stdout.write(writeDocument(await readInOrder(registry)));
  },
  import: async (registry, values) => {
    const changes = readDocument(await textOf(process.stdin));
    const epoch = await registry.beginEpoch();
    const before = await registry.read();
    if (!values.replace && !isEmpty(before)) {
      throw new FlagError(`the registry is not empty: it has ${tellOf(before)}. See --replace`);
    }
    await storeAll(registry, epoch, [...removalsOf(before), ...changes]);
    process.stdout.write(`The registry has ${tellOf(await registry.read())}\n`);
  },
  check: async (registry) => {
    process.stdout.write(`The registry is whole: it has ${tellOf(await registry.read())}\n`);
  },
};

/** With its agents in one order, whichever engine it is in: `…-S2` is before `…-S10`. */
async function readInOrder(registry: Registry): Promise<RegistrySnapshot> {
  const snapshot = await registry.read();
  const { compare } = new Intl.Collator('en', { numeric: true });
  const byId = (a: UnreachableAgent, b: UnreachableAgent) => compare(a.id, b.id);
  return {
    ...snapshot,
    agents: snapshot.agents.toSorted((a, b) => compare(a.id?.value ?? '', b.id?.value ?? '')),
    unreachable: snapshot.unreachable.toSorted(byId),
    gone: snapshot.gone.toSorted(byId),
  };
}

async function storeAll(
  registry: Registry,
  epoch: number,
  changes: readonly RegistryChange[],
): Promise<void> {
  for (let next = 0; next < changes.length; next += PORTION) {
    const portion = changes.slice(next, next + PORTION);
    const results = await Promise.all(portion.map((change) => registry.store([change], epoch)));
    if (results.includes('notLeader')) {
      throw new RegistryError('a master has begun to lead meanwhile: stop all masters, and repeat');
    }
  }
}

const isEmpty = (snapshot: RegistrySnapshot) => removalsOf(snapshot).length === 0;

function removalsOf(snapshot: RegistrySnapshot): RegistryChange[] {
  const { agents, unreachable, gone, duties, weights, quotas, schedules, machines } = snapshot;
  const others = [...unreachable, ...gone, ...(duties ?? [])].map(({ id }) => id);
  const has = (list: readonly unknown[] | undefined) => (list?.length ?? 0) > 0;
  return [
    ...agents.map(
      (agent): RegistryChange => ({ type: 'removeAgent', id: agentId(agent.id?.value ?? '') }),
    ),
    ...(others.length === 0 ? [] : [{ type: 'forget' as const, ids: others }]),
    ...(has(weights) ? [{ type: 'setWeights' as const, weights: [] }] : []),
    ...(has(quotas) ? [{ type: 'setQuotas' as const, quotas: [] }] : []),
    ...(has(schedules) || has(machines)
      ? [{ type: 'setMaintenance' as const, schedules: [], machines: [] }]
      : []),
  ];
}

const tellOf = ({ agents, unreachable, gone, quotas, weights }: RegistrySnapshot) =>
  `${agents.length} agents, ${unreachable.length} unreachable and ${gone.length} gone, ` +
  `${quotas?.length ?? 0} quotas, ${weights?.length ?? 0} weights`;
