// What the registry in ZooKeeper holds, as its leader knows it, and how changes of rows become a
// transaction: whole pages and lists are written anew.
import type { Operation } from '../zookeeper/interface.ts';
import type { DutyRow, ListName, RowChange, Rows, SinceRow } from './registry-rows.ts';
import {
  type Entry,
  encodeList,
  encodePage,
  isEmpty,
  type Layout,
  type Page,
  pageOf,
} from './zookeeper-layout.ts';

/** What one znode holds. */
interface Stored<T> {
  readonly value: T;
  readonly bytes: number;
}

export class ZooKeeperContent {
  readonly pages = new Map<number, Stored<Page>>();
  readonly lists = new Map<ListName, Stored<readonly Uint8Array[]>>();

  /** What all data takes up. */
  sizeBytes(): number {
    const sum = (stored: Iterable<Stored<unknown>>) =>
      [...stored].reduce((total, { bytes }) => total + bytes, 0);
    return sum(this.pages.values()) + sum(this.lists.values());
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
type Draft = (
  | { readonly type: 'page'; readonly page: number; readonly value: Page }
  | { readonly type: 'list'; readonly list: ListName; readonly value: readonly Uint8Array[] }
) & {
  readonly path: string;
  /** Undefined where nothing changes: the znode was not there, and need not be. */
  readonly operation: Operation | undefined;
  /** Of its data; 0 where the znode goes. */
  readonly bytes: number;
};

/** What an operation takes up beside its path and data: its header, and who may do what. */
const OPERATION_BYTES = 200;

/** Changes that are carried out together, upon what is held before them. */
export class Batch {
  readonly #content: ZooKeeperContent;
  readonly #layout: Layout;
  /** By path. */
  readonly #drafts = new Map<string, Draft>();
  #bytes = 0;

  constructor(content: ZooKeeperContent, layout: Layout) {
    this.#content = content;
    this.#layout = layout;
  }

  get operations(): readonly Operation[] {
    return [...this.#drafts.values()].flatMap(({ operation }) => operation ?? []);
  }

  /** False, and nothing is added, where the transaction would take up more than `mostBytes`. */
  add(changes: readonly RowChange[], mostBytes: number): boolean {
    const drafts = this.#draft(changes);
    const bytes = drafts.reduce((sum, draft) => {
      const earlier = this.#drafts.get(draft.path);
      return sum + sizeOf(draft) - (earlier === undefined ? 0 : sizeOf(earlier));
    }, this.#bytes);
    if (bytes > mostBytes) {
      return false;
    }
    this.#bytes = bytes;
    for (const draft of drafts) {
      this.#drafts.set(draft.path, draft);
    }
    return true;
  }

  /** To be called when the transaction has been carried out. */
  keep(): void {
    const { pages, lists } = this.#content;
    for (const draft of this.#drafts.values()) {
      const { bytes } = draft;
      if (draft.type === 'list') {
        lists.set(draft.list, { value: draft.value, bytes });
      } else if (draft.value.size > 0) {
        pages.set(draft.page, { value: draft.value, bytes });
      } else {
        pages.delete(draft.page);
      }
    }
  }

  #draft(changes: readonly RowChange[]): Draft[] {
    const pages = new Map<number, Map<string, Entry>>();
    const lists = new Map<ListName, readonly Uint8Array[]>();
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
    return [
      ...[...pages].map(([number, page]) => this.#draftPage(number, page)),
      ...[...lists].map(([name, messages]) => this.#draftList(name, messages)),
    ];
  }

  #page(number: number): Page | undefined {
    const draft = this.#drafts.get(this.#layout.page(number));
    return draft?.type === 'page' ? draft.value : this.#content.pages.get(number)?.value;
  }

  /** A page that nobody is on is deleted. */
  #draftPage(page: number, value: Page): Draft {
    const path = this.#layout.page(page);
    const isThere = this.#content.pages.has(page);
    const data = value.size === 0 ? undefined : encodePage(path, value);
    const operation: Operation | undefined =
      data === undefined
        ? isThere
          ? { type: 'delete', path }
          : undefined
        : { type: isThere ? 'set' : 'create', path, data };
    return { type: 'page', page, path, value, operation, bytes: data?.length ?? 0 };
  }

  #draftList(name: ListName, value: readonly Uint8Array[]): Draft {
    const path = this.#layout.list(name);
    const data = encodeList(path, value);
    const type = this.#content.lists.has(name) ? 'set' : 'create';
    const operation = { type, path, data } as const;
    return { type: 'list', list: name, path, value, operation, bytes: data.length };
  }
}

const sizeOf = ({ path, bytes }: Draft) => OPERATION_BYTES + path.length + bytes;

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
