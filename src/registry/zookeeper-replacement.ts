// The way of a new content into the registry in ZooKeeper: it is made beside the present one, where
// nobody looks before the head names it. What no head will ever name again is removed.
import type { Operation, Session } from '../zookeeper/interface.ts';
import { isFault, unlessMissing } from '../zookeeper/zookeeper-error.ts';
import { RegistryError } from './registry.ts';
import type { RowChange } from './registry-rows.ts';
import { Batch, ZooKeeperContent } from './zookeeper-content.ts';
import type { ContentSums } from './zookeeper-head.ts';
import { epochOfContent, type Layout, type Place } from './zookeeper-layout.ts';
import { emptyPlace, readHead } from './zookeeper-reader.ts';

/** A content that is not there yet. */
interface Replacement {
  readonly content: ZooKeeperContent;
  readonly sums: ContentSums;
  /** To be carried out one after the other, each at once. */
  readonly portions: readonly (readonly Operation[])[];
}

interface Bounds {
  /** A portion has more only where it is of one znode. */
  readonly portionBytes: number;
  readonly mostBytes: number;
}

/** What an operation takes up beside its data. */
const OPERATION_BYTES = 300;
/** How many znodes are deleted at once. */
const DELETIONS = 500;

/** What the changes make of nothing. Throws RegistryError where a znode would be too large. */
export function replacementOf(
  changes: readonly RowChange[],
  place: Place,
  { portionBytes, mostBytes }: Bounds,
): Replacement {
  const content = new ZooKeeperContent();
  const batch = new Batch(content, place);
  batch.add(changes, Number.POSITIVE_INFINITY);
  const { operations, sums } = batch.finish();
  batch.keep();
  const portions: Operation[][] = [[...emptyPlace(place)]];
  let room = portionBytes;
  for (const operation of operations) {
    const bytes = OPERATION_BYTES + ('data' in operation ? operation.data.length : 0);
    if (bytes > mostBytes) {
      throw new RegistryError(
        `ZooKeeper cannot hold ${operation.path}: it would be larger than ${mostBytes} bytes`,
      );
    }
    if (bytes > room) {
      portions.push([]);
      room = portionBytes;
    }
    portions.at(-1)?.push(operation);
    room -= bytes;
  }
  return { content, sums, portions };
}

/**
 * Makes the znodes. Resolves to false where an epoch later than the one given has begun, whose
 * leader may have removed what is made. `isRetry`: they may all be there already.
 */
export async function makeAll(
  session: Session,
  layout: Layout,
  {
    portion,
    epoch,
    isRetry,
  }: {
    readonly portion: readonly Operation[];
    readonly epoch: number;
    readonly isRetry: boolean;
  },
): Promise<boolean> {
  try {
    await session.transact(portion);
    return true;
  } catch (error) {
    if (isRetry && isFault(error, 'nodeExists')) {
      return true;
    }
    if (isFault(error, 'noNode') && (await readHead(session, layout)).epoch > epoch) {
      return false;
    }
    throw error;
  }
}

/**
 * Removes contents that were begun in an earlier epoch than the present one, but for that which the
 * head names: whoever was to have the head name one of them cannot write it any more.
 */
export async function removeRemains(session: Session, layout: Layout): Promise<void> {
  const head = await readHead(session, layout);
  for (const name of await session.children(layout.folder)) {
    const epoch = epochOfContent(name);
    if (epoch !== undefined && epoch < head.epoch && name !== head.content) {
      await removePlace(session, layout.place(name));
    }
  }
}

async function removePlace(session: Session, place: Place): Promise<void> {
  for (const folder of [place.agents, place.index, place.settings]) {
    const names = await unlessMissing(session.children(folder));
    if (names === undefined) {
      continue;
    }
    for (let next = 0; next < names.length; next += DELETIONS) {
      await session.transact(
        names
          .slice(next, next + DELETIONS)
          .map((name) => ({ type: 'delete', path: `${folder}/${name}` })),
      );
    }
    await session.delete(folder);
  }
  await session.delete(place.folder);
}
