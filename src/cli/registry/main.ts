// `mesoscale registry`: moves a registry from one engine to another, shows and checks one.

import { existsSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import type { RegistrySnapshot, UnreachableAgent } from '../../model/registry.ts';
import { DamageError, type DurableRegistry, RegistryError } from '../../registry/registry.ts';
import { readDocument, writeDocument } from '../../registry/registry-document.ts';
import { counted } from '../counted.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { type DurablePlace, openDurable } from '../master/registry-engine.ts';
import { registryFile, registryFolder } from '../registry-place.ts';
import { zooKeeperUrlOf } from '../zookeeper-flag.ts';
import type { REGISTRY_FLAGS } from './flags.ts';
import { damageText, overviewText } from './overview.ts';

type Values = FlagValues<typeof REGISTRY_FLAGS>;

const VERBS = ['show', 'export', 'import', 'check'] as const;
type Verb = (typeof VERBS)[number];

const SESSION_TIMEOUT_MS = 10_000;

export async function runRegistry({
  rest: [word = ''],
  values,
  faults,
}: ParsedFlags<typeof REGISTRY_FLAGS>): Promise<void> {
  const asked = faults.read(() => verbOf(word));
  if (values.timeout === 0) {
    faults.tell('--timeout expects more than 0secs');
  }
  const found = faults.read(() => placeOf(values, asked.or('show')));
  faults.end();
  const [verb, place] = [asked.value, found.value];
  const where = place.type === 'zookeeper' ? `${place.url.servers.join(',')}: ` : '';
  const say = (text: string) => void process.stderr.write(`${where}${text}\n`);
  try {
    const registry = await openDurable(place, {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      fetchTimeoutMs: values.timeout,
      storeTimeoutMs: values.timeout,
      log: (_level, text) => say(text),
      onDoubt: say,
      onLost: () => undefined,
    });
    try {
      await ACTIONS[verb](registry, values);
    } finally {
      await registry.close();
    }
  } catch (error) {
    const { cause } = error as Error;
    const damage = [error, cause].find((it) => it instanceof DamageError);
    if (verb === 'check' && damage !== undefined) {
      process.stdout.write(damageText(damage.flaws));
      process.exitCode = 1;
      return;
    }
    throw error instanceof RegistryError
      ? new FlagError(`${where}${error.message}`, { cause: error })
      : error;
  }
}

/** Throws FlagError. */
function verbOf(word: string): Verb {
  const isVerb = (name: string): name is Verb => (VERBS as readonly string[]).includes(name);
  if (!isVerb(word)) {
    throw new FlagError(`expected ${VERBS.join(', ')}, got '${word}' (--help tells of each)`);
  }
  return word;
}

/** Only an import makes a registry. Throws FlagError. */
function placeOf(values: Values, verb: Verb): DurablePlace {
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

const ACTIONS: Readonly<
  Record<Verb, (registry: DurableRegistry, values: Values) => Promise<void>>
> = {
  show: async (registry) => {
    const snapshot = inOrder(await registry.read());
    const facts = { sizeBytes: registry.sizeBytes(), ...(await registry.describe()) };
    process.stdout.write(overviewText(snapshot, facts));
  },
  export: async (registry, values) => {
    const snapshot = await (values.salvage ? salvaged(registry) : registry.read());
    process.stdout.write(writeDocument(inOrder(snapshot)));
  },
  import: async (registry, values) => {
    const changes = readDocument(await textOf(process.stdin));
    // A master that leads is not disturbed for nothing.
    if ((await registry.describe()) !== undefined) {
      await refuseFull(registry, values);
    }
    const epoch = await registry.beginEpoch();
    await refuseFull(registry, values);
    if ((await registry.replace(changes, epoch)) === 'notLeader') {
      throw new RegistryError('a master has begun to lead meanwhile: stop all masters, and repeat');
    }
    process.stdout.write(`The registry has ${tellOf(await registry.read())}\n`);
  },
  check: async (registry) => {
    process.stdout.write(`The registry is whole: it has ${tellOf(await registry.read())}\n`);
  },
};

/** With its agents in one order, whichever engine it is in: `…-S2` is before `…-S10`. */
function inOrder(snapshot: RegistrySnapshot): RegistrySnapshot {
  const { compare } = new Intl.Collator('en', { numeric: true });
  const byId = (a: UnreachableAgent, b: UnreachableAgent) => compare(a.id, b.id);
  return {
    ...snapshot,
    agents: snapshot.agents.toSorted((a, b) => compare(a.id?.value ?? '', b.id?.value ?? '')),
    unreachable: snapshot.unreachable.toSorted(byId),
    gone: snapshot.gone.toSorted(byId),
  };
}

async function salvaged(registry: DurableRegistry): Promise<RegistrySnapshot> {
  try {
    return await registry.read();
  } catch (error) {
    if (!(error instanceof DamageError) || error.rest === undefined) {
      throw error;
    }
    process.stderr.write(damageText(error.flaws));
    return error.rest;
  }
}

/** Throws FlagError where an import would take the place of something unasked. */
async function refuseFull(registry: DurableRegistry, values: Values): Promise<void> {
  if (values.replace) {
    return;
  }
  const before = await registry.read();
  if (!isEmpty(before)) {
    throw new FlagError(`the registry is not empty: it has ${tellOf(before)}. See --replace`);
  }
}

/** A setting that was made and undone is nothing, nor is what masters need for what is there. */
const isEmpty = ({ minimumCapabilities: _, ...others }: RegistrySnapshot) =>
  Object.values(others).every((list: readonly unknown[] | undefined) => !list?.length);

const tellOf = ({ agents, unreachable, gone, quotas, weights }: RegistrySnapshot) =>
  `${counted(agents.length, 'agent')}, ${unreachable.length} unreachable and ${gone.length} gone, ` +
  `${counted(quotas?.length ?? 0, 'quota')}, ${counted(weights?.length ?? 0, 'weight')}`;
