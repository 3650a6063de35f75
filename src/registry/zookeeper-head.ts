// The head of the registry in ZooKeeper: one line of JSON that every write demands at the version
// that it knows, and writes anew.
//
//     {"format":2,"epoch":3,"batch":17,"writes":20,"content":"content-0-0",
//      "settings":{"quotas":"1a2b3c4d"},"index":{"34":"5e6f7a8b"},"sum":"9c0d1e2f"}
//
// A newer format than ours may have anything beside `format`. Who raises it writes the head, so
// that an earlier master that still leads learns of it with its next change.
import { crc32 } from 'node:zlib';
import { RegistryError } from './registry.ts';
import { damaged, fieldsOf, groupNamed, isListName } from './zookeeper-layout.ts';

/** By the name of a znode in a folder: its sum. */
export type Sums = ReadonlyMap<string, number>;

/** What the head tells of a content: the sums of all lists, and of all groups of pages. */
export interface ContentSums {
  readonly settings: Sums;
  readonly index: Sums;
}

/** Who may write: the leader of this epoch, after this batch. */
export interface Head extends ContentSums {
  readonly epoch: number;
  readonly batch: number;
  /** How often the head was written with this: as often as its znode, unless by somebody else. */
  readonly writes: number;
  /** The name of the content. */
  readonly content: string;
}

/** Raised with every change of the layout; another format is refused. */
export const FORMAT = 2;

export const NO_SUMS: ContentSums = { settings: new Map(), index: new Map() };

export function encodeHead({ epoch, batch, writes, content, settings, index }: Head): Buffer {
  const text = JSON.stringify({
    format: FORMAT,
    epoch,
    batch,
    writes,
    content,
    settings: encodeSums(settings),
    index: encodeSums(index),
  });
  return Buffer.from(`${text.slice(0, -1)},"sum":"${encodeSum(crc32(text))}"}`);
}

/** Throws RegistryError where it is damaged, or of another format. */
export function decodeHead(path: string, data: Buffer): Head {
  const { format, epoch, batch, writes, content, settings, index } = fieldsOf(data);
  if (!isCount(format)) {
    throw damaged(path, 'it tells no format');
  }
  if (format !== FORMAT) {
    throw new RegistryError(
      `${path} in ZooKeeper was written by ${format > FORMAT ? 'a newer' : 'an earlier'} version ` +
        `(format ${format}, this one knows ${FORMAT})`,
    );
  }
  const head: Head = {
    epoch: Number(epoch),
    batch: Number(batch),
    writes: Number(writes),
    content: String(content),
    settings: decodeSums(settings, isListName),
    index: decodeSums(index, (name) => groupNamed(name) !== undefined),
  };
  // It has one form: what differs from that in anything was not written so.
  if (![head.epoch, head.batch, head.writes].every(isCount) || !encodeHead(head).equals(data)) {
    throw damaged(path, 'it is not as it was written');
  }
  return head;
}

const encodeSum = (sum: number) => sum.toString(16).padStart(8, '0');

const encodeSums = (sums: Sums) =>
  Object.fromEntries([...sums].toSorted().map(([name, sum]) => [name, encodeSum(sum)]));

function decodeSums(value: unknown, isName: (name: string) => boolean): Sums {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return new Map(
    entries
      .filter(([name]) => isName(name))
      .map(([name, sum]) => [name, Number.parseInt(String(sum), 16)]),
  );
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
