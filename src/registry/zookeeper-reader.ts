// Reads the registry in ZooKeeper: many znodes at once, and between two looks at its head, so that
// what is read was all there at one moment.
import { createFolder } from '../zookeeper/folders.ts';
import type { Node, Operation, Session } from '../zookeeper/interface.ts';
import { isFault } from '../zookeeper/zookeeper-error.ts';
import { RegistryError } from './registry.ts';
import { ZooKeeperContent } from './zookeeper-content.ts';
import {
  checkFormat,
  decodeHead,
  decodeList,
  decodePage,
  encodeFormat,
  encodeHead,
  type Head,
  isListName,
  type Layout,
  pageNamed,
} from './zookeeper-layout.ts';

/** How many znodes are asked for before the first is there: the ensemble always has work. */
const WINDOW = 64;
/** How often it is read anew because it has changed meanwhile. */
const MOST_ATTEMPTS = 10;
const NOTHING = Buffer.alloc(0);

export interface VersionedHead extends Head {
  /** How often the head has been written. */
  readonly version: number;
}

/**
 * The head as it is now: a server that is behind does not answer with an earlier one. Rejects with
 * RegistryError where there is none.
 */
export async function readHead(session: Session, { head }: Layout): Promise<VersionedHead> {
  await existing(session.transact([{ type: 'check', path: head }]), head);
  const { data, version } = await existing(session.get(head), head);
  return { ...decodeHead(head, data), version };
}

/** Rejects with RegistryError where something is damaged, or changes all the time. */
export async function readContent(session: Session, layout: Layout): Promise<ZooKeeperContent> {
  await readFormat(session, layout);
  let head = await readHead(session, layout);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const content = await readOnce(session, layout);
    const now = await readHead(session, layout);
    if (now.version === head.version) {
      return content;
    }
    head = now;
  }
  throw new RegistryError(`${layout.folder} in ZooKeeper changes while it is read`);
}

async function readFormat(session: Session, { folder }: Layout): Promise<void> {
  const node = await existing(session.get(folder), folder);
  checkFormat(folder, node.data);
}

/** Makes the folder where there is none; what is there must be a registry. */
export async function makeFolder(session: Session, layout: Layout): Promise<void> {
  const { folder, head, agents, settings } = layout;
  const inner: readonly Operation[] = [
    { type: 'create', path: head, data: encodeHead({ epoch: 0, batch: 0 }) },
    { type: 'create', path: agents, data: NOTHING },
    { type: 'create', path: settings, data: NOTHING },
  ];
  for (;;) {
    const node = await unlessMissing(session.get(folder));
    const isNew = node === undefined;
    // An administrator may have made it, to say who may do what there.
    if (!isNew && (node.data.length > 0 || (await session.children(folder)).length > 0)) {
      checkFormat(folder, node.data);
      return;
    }
    if (isNew) {
      await createFolder(session, folder.slice(0, folder.lastIndexOf('/')));
    }
    const outer = { type: isNew ? 'create' : 'set', path: folder, data: encodeFormat() } as const;
    try {
      await session.transact([outer, ...inner]);
      return;
    } catch (error) {
      // Another master was faster.
      if (!isFault(error, 'nodeExists')) {
        throw error;
      }
    }
  }
}

async function readOnce(session: Session, layout: Layout): Promise<ZooKeeperContent> {
  const content = new ZooKeeperContent();
  const [pages, lists] = await Promise.all([
    existing(session.children(layout.agents), layout.agents),
    existing(session.children(layout.settings), layout.settings),
  ]);
  for (const name of lists) {
    const path = `${layout.settings}/${name}`;
    if (!isListName(name)) {
      throw new RegistryError(`${path} in ZooKeeper is not known`);
    }
    await readNode(session, path, (data) => {
      content.lists.set(name, { value: decodeList(path, data), bytes: data.length });
    });
  }
  const waiting = pages.toSorted().values();
  const readSome = async () => {
    for (const name of waiting) {
      const path = `${layout.agents}/${name}`;
      const page = pageNamed(name);
      if (page === undefined) {
        throw new RegistryError(`${path} in ZooKeeper is not known`);
      }
      await readNode(session, path, (data) => {
        content.pages.set(page, { value: decodePage(path, page, data), bytes: data.length });
      });
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, readSome));
  return content;
}

/** Rejects with RegistryError where what is always there is missing. */
const existing = <T>(asked: Promise<T>, path: string): Promise<T> =>
  asked.catch((error: unknown) => {
    throw isFault(error, 'noNode')
      ? new RegistryError(`${path} is missing in ZooKeeper`, { cause: error })
      : error;
  });

/** What goes meanwhile is left out: the head tells that something has changed. */
async function readNode(
  session: Session,
  path: string,
  take: (data: Buffer) => void,
): Promise<void> {
  const node = await unlessMissing(session.get(path));
  if (node !== undefined) {
    take(node.data);
  }
}

const unlessMissing = (asked: Promise<Node>): Promise<Node | undefined> =>
  asked.catch((error: unknown) => {
    if (isFault(error, 'noNode')) {
      return undefined;
    }
    throw error;
  });
