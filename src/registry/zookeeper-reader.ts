// Reads the registry in ZooKeeper between two looks at its head, so that what is read was all there
// at one moment. Makes it where there is none.
import { createFolder } from '../zookeeper/folders.ts';
import type { Operation, Session } from '../zookeeper/interface.ts';
import { isFault, unlessMissing } from '../zookeeper/zookeeper-error.ts';
import { RegistryError } from './registry.ts';
import { type Reading, readPlace } from './zookeeper-content-reader.ts';
import { decodeHead, encodeHead, type Head, NO_SUMS } from './zookeeper-head.ts';
import {
  checkKind,
  contentName,
  damaged,
  encodeKind,
  type Layout,
  type Place,
} from './zookeeper-layout.ts';

/** How often it is read anew because it has changed meanwhile. */
const MOST_ATTEMPTS = 10;
const NOTHING = Buffer.alloc(0);

export interface VersionedHead extends Head {
  /** How often the head's znode has been written. */
  readonly version: number;
}

/**
 * The head as it is now: a server that is behind does not answer with an earlier one. Rejects with
 * RegistryError where there is none, or others than masters have written it.
 */
export async function readHead(session: Session, { head }: Layout): Promise<VersionedHead> {
  await existing(session.transact([{ type: 'check', path: head }]), head);
  const { data, version } = await existing(session.get(head), head);
  const found = decodeHead(head, data);
  if (version > found.writes) {
    throw damaged(head, 'somebody else has written it since a master did');
  }
  return { ...found, version };
}

/**
 * Whether the znode is not the one that masters have written all the time, as where a registry was
 * copied: nothing tells then whether the copy is of the latest.
 */
export const isCopied = ({ version, writes }: VersionedHead): boolean => version < writes;

/**
 * Rejects with RegistryError where the folder holds something else, the head cannot be read, or
 * everything changes all the time.
 */
export async function readContent(session: Session, layout: Layout): Promise<Reading> {
  const { folder } = layout;
  checkKind(folder, (await existing(session.get(folder), folder)).data);
  let head = await readHead(session, layout);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const reading = await readPlace(session, layout.place(head.content), head);
    const now = await readHead(session, layout);
    if (now.version === head.version) {
      return reading;
    }
    head = now;
  }
  throw new RegistryError(`${folder} in ZooKeeper changes while it is read`);
}

/** Makes the folder where there is none; what is there must be a registry. */
export async function makeFolder(session: Session, layout: Layout): Promise<void> {
  const { folder, head } = layout;
  const content = contentName({ epoch: 0, batch: 0 });
  const data = encodeHead({ epoch: 0, batch: 0, writes: 0, content, ...NO_SUMS });
  const inner = [
    ...emptyPlace(layout.place(content)),
    { type: 'create' as const, path: head, data },
  ];
  for (;;) {
    const node = await unlessMissing(session.get(folder));
    const isNew = node === undefined;
    // An administrator may have made it, to say who may do what there.
    if (!isNew && (node.data.length > 0 || (await session.children(folder)).length > 0)) {
      checkKind(folder, node.data);
      return;
    }
    if (isNew) {
      await createFolder(session, folder.slice(0, folder.lastIndexOf('/')));
    }
    const outer = { type: isNew ? 'create' : 'set', path: folder, data: encodeKind() } as const;
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

/** Whether the folder has anything that has to be a registry. */
export async function isMade(session: Session, { folder }: Layout): Promise<boolean> {
  const data = (await unlessMissing(session.get(folder)))?.data ?? NOTHING;
  return data.length > 0;
}

/** What makes a content without anything in it. */
export const emptyPlace = ({ folder, agents, index, settings }: Place): readonly Operation[] =>
  [folder, agents, index, settings].map((path) => ({ type: 'create', path, data: NOTHING }));

/** Rejects with RegistryError where what is always there is missing. */
const existing = <T>(asked: Promise<T>, path: string): Promise<T> =>
  asked.catch((error: unknown) => {
    throw isFault(error, 'noNode')
      ? new RegistryError(`${path} is missing in ZooKeeper`, { cause: error })
      : error;
  });
