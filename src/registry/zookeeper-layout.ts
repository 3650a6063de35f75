// How the registry lies in ZooKeeper, below a folder of its own:
//
//     <folder>                          what this is
//     <folder>/head                     who may write, where the content is, and its sums
//                                       (zookeeper-head.ts)
//     <folder>/content-0-0/agents/1a2f  a page: all rows about the agents whose ids have this sum
//     <folder>/content-0-0/index/34     the pages of a group that there are, with their sums
//     <folder>/content-0-0/settings/quotas  a list of messages
//
// Every change writes pages and lists, the groups of these pages and the head in one transaction.
// So a reader knows what has to be there, and which znode is missing, old or of somebody else. An
// import writes a content beside the present one, and then has the head name that.
//
// With few agents each has a znode of its own. With many, one znode an agent would take longer to
// read than a new leader has time: what a read costs is a matter of the number of znodes.
import { crc32 } from 'node:zlib';
import { RegistryError } from './registry.ts';
import type { ListName } from './registry-rows.ts';

const KIND = 'registry of Mesoscale masters';
/** With 50,000 agents a page has six. To change either number is a new format. */
const PAGES = 8192;
export const PAGES_OF_GROUP = 128;

const LISTS: Readonly<Record<ListName, true>> = {
  master: true,
  weights: true,
  quotas: true,
  schedules: true,
  machines: true,
  minimum_capabilities: true,
};

export class Layout {
  readonly folder: string;
  readonly head: string;

  constructor(folder: string) {
    this.folder = folder;
    this.head = `${folder}/head`;
  }

  /** `content`: the name of a content in the folder. */
  place(content: string): Place {
    return new Place(`${this.folder}/${content}`);
  }
}

/** Where the znodes of one content are. */
export class Place {
  readonly folder: string;
  readonly agents: string;
  readonly index: string;
  readonly settings: string;

  constructor(folder: string) {
    this.folder = folder;
    this.agents = `${folder}/agents`;
    this.index = `${folder}/index`;
    this.settings = `${folder}/settings`;
  }

  page(number: number): string {
    return `${this.agents}/${pageName(number)}`;
  }

  group(number: number): string {
    return `${this.index}/${groupName(number)}`;
  }

  list(name: ListName): string {
    return `${this.settings}/${name}`;
  }
}

const CONTENT_NAME = /^content-(\d+)-\d+$/;

/** No two contents of a folder ever have one name. */
export const contentName = ({ epoch, batch }: { readonly epoch: number; readonly batch: number }) =>
  `content-${epoch}-${batch}`;

/** The epoch in which a content of this name was begun; undefined where it names none. */
export function epochOfContent(name: string): number | undefined {
  const epoch = CONTENT_NAME.exec(name)?.[1];
  return epoch === undefined ? undefined : Number(epoch);
}

const hexadecimal = (number: number, digits: number) => number.toString(16).padStart(digits, '0');

export const pageName = (number: number) => hexadecimal(number, 4);
export const groupName = (number: number) => hexadecimal(number, 2);

export const pageOf = (id: string): number => crc32(id) % PAGES;
export const groupOf = (page: number): number => Math.floor(page / PAGES_OF_GROUP);

/** Undefined where no page has the name. */
export const pageNamed = (name: string) => numberNamed(name, PAGES, pageName);
/** Undefined where no group has the name. */
export const groupNamed = (name: string) => numberNamed(name, PAGES / PAGES_OF_GROUP, groupName);

function numberNamed(
  name: string,
  count: number,
  nameOf: (number: number) => string,
): number | undefined {
  const number = Number.parseInt(name, 16);
  return number >= 0 && number < count && nameOf(number) === name ? number : undefined;
}

export const isListName = (name: string): name is ListName => Object.hasOwn(LISTS, name);

export const encodeKind = () => Buffer.from(JSON.stringify({ kind: KIND }));

/** Throws RegistryError where the folder is another's. */
export function checkKind(folder: string, data: Buffer): void {
  if (fieldsOf(data).kind !== KIND) {
    throw new RegistryError(
      `${folder} in ZooKeeper is no registry of masters: choose another path (--zk_registry_path)`,
    );
  }
}

/** The fields of a JSON object; of anything else none. */
export function fieldsOf(data: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(data.toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

export const damaged = (path: string, why: string) =>
  new RegistryError(`${path} in ZooKeeper is damaged: ${why}`);
