// Reads one content of the registry in ZooKeeper, many znodes at once, and holds each znode to the
// sum that was last written: those of settings and groups are in the head, those of pages in their
// group.
import type { Session } from '../zookeeper/interface.ts';
import { unlessMissing } from '../zookeeper/zookeeper-error.ts';
import { type Flaw, type FlawKind, RegistryError } from './registry.ts';
import { ZooKeeperContent } from './zookeeper-content.ts';
import { decodeGroup, decodeList, decodePage, sumOf } from './zookeeper-encoding.ts';
import type { ContentSums, Sums } from './zookeeper-head.ts';
import {
  groupName,
  groupNamed,
  groupOf,
  isListName,
  type Place,
  pageName,
  pageNamed,
} from './zookeeper-layout.ts';

export interface Reading {
  /** All that can be read. */
  readonly content: ZooKeeperContent;
  /** All that is wrong, in the order of places. */
  readonly flaws: readonly Flaw[];
}

/** How many znodes are asked for before the first is there: the ensemble always has work. */
const WINDOW = 64;

/** By name: the sum of what is there, or undefined where that is damaged. */
type Found = ReadonlyMap<string, number | undefined>;

/** Takes what a znode holds. Throws RegistryError where that is damaged. */
type Taker = (path: string, data: Buffer) => void;

/** Rejects with ZooKeeperError. */
export async function readPlace(
  session: Session,
  place: Place,
  sums: ContentSums,
): Promise<Reading> {
  const content = new ZooKeeperContent();
  const flaws = new Flaws();
  const [settings, index, agents] = await Promise.all([
    readFolder(session, place.settings, flaws, (name) => listTaker(content, name)),
    readFolder(session, place.index, flaws, (name) => groupTaker(content, name)),
    readFolder(session, place.agents, flaws, (name) => pageTaker(content, name)),
  ]);
  judge(flaws, place.settings, sums.settings, settings);
  judge(flaws, place.index, sums.index, index);
  judgePages(flaws, place, content, sums.index, agents);
  return { content, flaws: flaws.all() };
}

const WORDS: Readonly<Record<Exclude<FlawKind, 'damaged'>, string>> = {
  missing: 'is missing',
  outdated: 'is not what was last written there',
  stray: 'was not written by a master',
};

class Flaws {
  readonly #flaws: Flaw[] = [];

  add(kind: keyof typeof WORDS, path: string): void {
    this.#flaws.push({ kind, text: `${path} in ZooKeeper ${WORDS[kind]}` });
  }

  addDamaged(text: string): void {
    this.#flaws.push({ kind: 'damaged', text });
  }

  all(): readonly Flaw[] {
    return this.#flaws.toSorted((a, b) => (a.text < b.text ? -1 : 1));
  }
}

function listTaker({ lists }: ZooKeeperContent, name: string): Taker | undefined {
  return isListName(name)
    ? (path, data) => lists.set(name, stored(decodeList(path, data), data))
    : undefined;
}

function groupTaker({ groups }: ZooKeeperContent, name: string): Taker | undefined {
  const number = groupNamed(name);
  return number === undefined
    ? undefined
    : (path, data) => groups.set(number, stored(decodeGroup(path, number, data), data));
}

function pageTaker({ pages }: ZooKeeperContent, name: string): Taker | undefined {
  const number = pageNamed(name);
  return number === undefined
    ? undefined
    : (path, data) => pages.set(number, stored(decodePage(path, number, data), data));
}

const stored = <T>(value: T, data: Buffer) => ({ value, bytes: data.length, sum: sumOf(data) });

/** Resolves to undefined where there is no such folder. */
async function readFolder(
  session: Session,
  folder: string,
  flaws: Flaws,
  takerOf: (name: string) => Taker | undefined,
): Promise<Found | undefined> {
  const names = await unlessMissing(session.children(folder));
  if (names === undefined) {
    flaws.add('missing', folder);
    return undefined;
  }
  const found = new Map<string, number | undefined>();
  const waiting = names.values();
  const readSome = async () => {
    for (const name of waiting) {
      const path = `${folder}/${name}`;
      const take = takerOf(name);
      if (take === undefined) {
        flaws.add('stray', path);
        continue;
      }
      // What goes meanwhile is missing, or the head tells that it has gone.
      const node = await unlessMissing(session.get(path));
      if (node !== undefined) {
        found.set(
          name,
          sumOfWhole(() => take(path, node.data), node.data, flaws),
        );
      }
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, readSome));
  return found;
}

function sumOfWhole(take: () => void, data: Buffer, flaws: Flaws): number | undefined {
  try {
    take();
    return sumOf(data);
  } catch (error) {
    if (!(error instanceof RegistryError)) {
      throw error;
    }
    flaws.addDamaged(error.message);
    return undefined;
  }
}

/** Of a folder that is missing, and of what is damaged, nothing more is said. */
function judge(flaws: Flaws, folder: string, told: Sums, found: Found | undefined): void {
  if (found === undefined) {
    return;
  }
  for (const [name, sum] of told) {
    if (!found.has(name)) {
      flaws.add('missing', `${folder}/${name}`);
    } else if (found.get(name) !== undefined && found.get(name) !== sum) {
      flaws.add('outdated', `${folder}/${name}`);
    }
  }
  for (const [name, sum] of found) {
    if (sum !== undefined && !told.has(name)) {
      flaws.add('stray', `${folder}/${name}`);
    }
  }
}

/** Pages of a group that is not what was last written cannot be judged. */
function judgePages(
  flaws: Flaws,
  place: Place,
  { groups }: ZooKeeperContent,
  index: Sums,
  agents: Found | undefined,
): void {
  const isKnown = (group: number) => groups.get(group)?.sum === index.get(groupName(group));
  const told = [...groups].flatMap(([group, { value }]) => (isKnown(group) ? [...value] : []));
  const found = [...(agents ?? [])].filter(([name]) => isKnown(groupOf(pageNamed(name) ?? 0)));
  judge(
    flaws,
    place.agents,
    new Map(told.map(([page, sum]) => [pageName(page), sum])),
    agents && new Map(found),
  );
}
