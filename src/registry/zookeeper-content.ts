// What the registry in ZooKeeper holds, as its leader knows it, and how changes of rows become a
// transaction: whole pages and lists are written anew, and the groups of these pages.
import type { Operation } from '../zookeeper/interface.ts';
import type { DutyRow, ListName, RowChange, Rows, SinceRow } from './registry-rows.ts';
import {
  type Entry,
  encodeGroup,
  encodeList,
  encodePage,
  type Group,
  isEmpty,
  MOST_GROUP_BYTES,
  type Page,
  sumOf,
} from './zookeeper-encoding.ts';
import type { ContentSums } from './zookeeper-head.ts';
import { groupName, groupOf, type Place, pageOf } from './zookeeper-layout.ts';

/** What one znode holds. */
interface Stored<T> {
  readonly value: T;
  readonly bytes: number;
  readonly sum: number;
}

type List = readonly Uint8Array[];

export class ZooKeeperContent {
  readonly pages = new Map<number, Stored<Page>>();
  readonly lists = new Map<ListName, Stored<List>>();
  readonly groups = new Map<number, Stored<Group>>();

  /** What all data takes up. */
  sizeBytes(): number {
    const sum = (stored: Iterable<Stored<unknown>>) =>
      [...stored].reduce((total, { bytes }) => total + bytes, 0);
    return sum(this.pages.values()) + sum(this.lists.values()) + sum(this.groups.values());
  }

  rows(): Rows {
    const agents: Uint8Array[] = [];
    const unreachable: SinceRow[] = [];
    const gone: SinceRow[] = [];
    const duties: DutyRow[] = [];
    for (const { value } of this.pages.values()) {
      for (const [id, { agent, unreachableNs, goneNs, duty }] of value) {
        agent === undefined || agents.push(agent);
        unreachableNs === undefined || unreachable.push({ id, sinceNs: unreachableNs });
        goneNs === undefined || gone.push({ id, sinceNs: goneNs });
        duty === undefined || duties.push({ id, ...duty });
      }
    }
    const lists = Object.fromEntries([...this.lists].map(([name, { value }]) => [name, value]));
    return { agents, unreachable, gone, duties, lists };
  }
}

/** What a znode is to hold. */
interface Draft<T> {
  readonly value: T;
  /** Undefined where nothing changes: the znode was not there, and need not be. */
  readonly operation: Operation | undefined;
  /** Undefined where the znode goes. */
  readonly data: Buffer | undefined;
}

type Drafts<Key, T> = ReadonlyMap<Key, Draft<T>>;

/** A transaction but for the head, and what the head is to tell with it. */
interface Transaction {
  readonly operations: readonly Operation[];
  readonly sums: ContentSums;
}

/** What an operation takes up beside its path and data: its header, and who may do what. */
const OPERATION_BYTES = 200;

/** Changes that are carried out together, upon what is held before them. */
export class Batch {
  readonly #content: ZooKeeperContent;
  readonly #place: Place;
  readonly #pages = new Map<number, Draft<Page>>();
  readonly #lists = new Map<ListName, Draft<List>>();
  #groups: Drafts<number, Group> = new Map();
  /** The groups of all pages. */
  readonly #touched = new Set<number>();
  /** Of pages and lists. */
  #bytes = 0;

  /** `place`: where the content is. */
  constructor(content: ZooKeeperContent, place: Place) {
    this.#content = content;
    this.#place = place;
  }

  /** False, and nothing is added, where the transaction would take up more than `mostBytes`. */
  add(changes: readonly RowChange[], mostBytes: number): boolean {
    const { pages, lists } = this.#draft(changes);
    const bytes = this.#bytes + growth(this.#pages, pages) + growth(this.#lists, lists);
    const touched = new Set([...pages.keys()].map(groupOf)).difference(this.#touched);
    const groups = this.#touched.size + touched.size;
    if (bytes + groups * (OPERATION_BYTES + MOST_GROUP_BYTES) > mostBytes) {
      return false;
    }
    this.#bytes = bytes;
    for (const group of touched) {
      this.#touched.add(group);
    }
    putAll(this.#pages, pages);
    putAll(this.#lists, lists);
    return true;
  }

  /** To be called when everything has been added. */
  finish(): Transaction {
    this.#groups = this.#draftGroups();
    const { lists, groups } = this.#content;
    const drafts = [this.#pages, this.#lists, this.#groups].flatMap((map) => [...map.values()]);
    return {
      operations: drafts.flatMap(({ operation }) => operation ?? []),
      sums: {
        settings: sumsAfter(lists, this.#lists, (name) => name),
        index: sumsAfter(groups, this.#groups, groupName),
      },
    };
  }

  /** To be called when the transaction has been carried out. */
  keep(): void {
    const { pages, lists, groups } = this.#content;
    keepAll(pages, this.#pages);
    keepAll(lists, this.#lists);
    keepAll(groups, this.#groups);
  }

  #draft(changes: readonly RowChange[]) {
    const pages = new Map<number, Map<string, Entry>>();
    const lists = new Map<ListName, List>();
    for (const change of changes) {
      if (change.op === 'putList') {
        lists.set(change.name, change.messages);
      } else {
        const number = pageOf(change.id);
        const page = pages.get(number) ?? new Map(this.#page(number));
        const entry = changed(page.get(change.id) ?? {}, change);
        isEmpty(entry) ? page.delete(change.id) : page.set(change.id, entry);
        pages.set(number, page);
      }
    }
    return {
      pages: drafted(pages, this.#content.pages, (number, page) => {
        const path = this.#place.page(number);
        return { path, data: page.size === 0 ? undefined : encodePage(path, page) };
      }),
      lists: drafted(lists, this.#content.lists, (name, list) => {
        const path = this.#place.list(name);
        return { path, data: encodeList(path, list) };
      }),
    };
  }

  #page(number: number): Page | undefined {
    return (this.#pages.get(number) ?? this.#content.pages.get(number))?.value;
  }

  #draftGroups(): Drafts<number, Group> {
    const groups = new Map<number, Map<number, number>>();
    for (const [page, { data }] of this.#pages) {
      const number = groupOf(page);
      const group = groups.get(number) ?? new Map(this.#content.groups.get(number)?.value);
      data === undefined ? group.delete(page) : group.set(page, sumOf(data));
      groups.set(number, group);
    }
    return drafted(groups, this.#content.groups, (number, group) => {
      const path = this.#place.group(number);
      return { path, data: group.size === 0 ? undefined : encodeGroup(path, group) };
    });
  }
}

/** `encode` says what the znode of a value is to hold: undefined where there is to be none. */
function drafted<Key, T>(
  values: ReadonlyMap<Key, T>,
  kept: ReadonlyMap<Key, unknown>,
  encode: (key: Key, value: T) => { readonly path: string; readonly data: Buffer | undefined },
): Drafts<Key, T> {
  return new Map(
    [...values].map(([key, value]) => {
      const { path, data } = encode(key, value);
      const isThere = kept.has(key);
      const operation: Operation | undefined =
        data === undefined
          ? isThere
            ? { type: 'delete', path }
            : undefined
          : { type: isThere ? 'set' : 'create', path, data };
      return [key, { value, operation, data }];
    }),
  );
}

/** How much more room the transaction needs with these drafts. */
const growth = <Key>(earlier: Drafts<Key, unknown>, drafts: Drafts<Key, unknown>): number =>
  [...drafts].reduce((sum, [key, draft]) => sum + sizeOf(draft) - sizeOf(earlier.get(key)), 0);

function sizeOf(draft: Draft<unknown> | undefined): number {
  const { operation, data } = draft ?? {};
  return operation === undefined
    ? 0
    : OPERATION_BYTES + operation.path.length + (data?.length ?? 0);
}

/** By names of znodes: the sums of what is there once the drafts are. */
function sumsAfter<Key>(
  kept: ReadonlyMap<Key, Stored<unknown>>,
  drafts: Drafts<Key, unknown>,
  nameOf: (key: Key) => string,
): ReadonlyMap<string, number> {
  const sums = new Map([...kept].map(([key, { sum }]) => [nameOf(key), sum]));
  for (const [key, { data }] of drafts) {
    data === undefined ? sums.delete(nameOf(key)) : sums.set(nameOf(key), sumOf(data));
  }
  return sums;
}

function putAll<Key, T>(map: Map<Key, T>, entries: ReadonlyMap<Key, T>): void {
  for (const [key, value] of entries) {
    map.set(key, value);
  }
}

function keepAll<Key, T>(kept: Map<Key, Stored<T>>, drafts: Drafts<Key, T>): void {
  for (const [key, { value, data }] of drafts) {
    if (data === undefined) {
      kept.delete(key);
    } else {
      kept.set(key, { value, bytes: data.length, sum: sumOf(data) });
    }
  }
}

/** What is known of an agent after the change. */
function changed(entry: Entry, change: Exclude<RowChange, { readonly op: 'putList' }>): Entry {
  switch (change.op) {
    case 'putAgent':
      return { ...entry, agent: change.bytes, unreachableNs: undefined };
    case 'deleteAgent':
      return { ...entry, agent: undefined, duty: undefined };
    case 'putUnreachable':
      return { ...entry, agent: undefined, unreachableNs: change.sinceNs };
    case 'putGone':
      return { goneNs: change.sinceNs };
    case 'putDuty':
      return { ...entry, duty: { drain: change.drain, deactivated: change.deactivated } };
    case 'deleteDuty':
      return { ...entry, duty: undefined };
    case 'forget':
      return { agent: entry.agent };
    default:
      return change satisfies never;
  }
}
