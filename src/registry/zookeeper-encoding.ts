// The znodes of a content in ZooKeeper as bytes. Each begins with a sum of its name and of all that
// follows. Numbers are big endian.
//
//     page:  sum:u32, then for each agent: length:u32 id, parts:u8, and those parts that are there:
//            length:u32 AgentInfo, unreachable:i64, gone:i64, length:u32 DrainInfo
//     group: sum:u32, then for each page that there is: number:u16, sum:u32
//     list:  sum:u32, then for each message: length:u32 message
import { crc32 } from 'node:zlib';
import { damaged, groupOf, PAGES_OF_GROUP, pageOf } from './zookeeper-layout.ts';

/** What is known of one agent; a part that is absent is undefined. */
export interface Entry {
  readonly agent?: Uint8Array | undefined;
  readonly unreachableNs?: bigint | undefined;
  readonly goneNs?: bigint | undefined;
  readonly duty?: { readonly drain: Uint8Array | null; readonly deactivated: boolean } | undefined;
}

/** By id. */
export type Page = ReadonlyMap<string, Entry>;

/** The sums of pages, by their numbers. */
export type Group = ReadonlyMap<number, number>;

/** Bits of `parts`. */
const AGENT = 1;
const UNREACHABLE = 2;
const GONE = 4;
const DUTY = 8;
const DRAIN = 16;
const DEACTIVATED = 32;
const SUM_BYTES = 4;
/** Of a page in its group. */
const ENTRY_BYTES = 6;
export const MOST_GROUP_BYTES = SUM_BYTES + ENTRY_BYTES * PAGES_OF_GROUP;

/** The sum with which an encoded znode begins. */
export const sumOf = (data: Buffer): number => data.readUInt32BE();

export const isEmpty = ({ agent, unreachableNs, goneNs, duty }: Entry): boolean =>
  agent === undefined && unreachableNs === undefined && goneNs === undefined && duty === undefined;

export function encodePage(path: string, page: Page): Buffer {
  const parts: Uint8Array[] = [];
  for (const [id, { agent, unreachableNs, goneNs, duty }] of page) {
    const drain = duty?.drain ?? undefined;
    const bits =
      (agent === undefined ? 0 : AGENT) |
      (unreachableNs === undefined ? 0 : UNREACHABLE) |
      (goneNs === undefined ? 0 : GONE) |
      (duty === undefined ? 0 : DUTY) |
      (drain === undefined ? 0 : DRAIN) |
      (duty?.deactivated === true ? DEACTIVATED : 0);
    parts.push(
      ...prefixed(Buffer.from(id)),
      Buffer.of(bits),
      ...(agent === undefined ? [] : prefixed(agent)),
      ...(unreachableNs === undefined ? [] : [int64(unreachableNs)]),
      ...(goneNs === undefined ? [] : [int64(goneNs)]),
      ...(drain === undefined ? [] : prefixed(drain)),
    );
  }
  return summed(path, parts);
}

/** Throws RegistryError. */
export function decodePage(path: string, number: number, data: Buffer): Page {
  const page = new Map<string, Entry>();
  const reader = new Reader(path, data);
  while (!reader.isAtEnd()) {
    const id = reader.bytes().toString();
    const bits = reader.uint8();
    const agent = bits & AGENT ? reader.bytes() : undefined;
    const unreachableNs = bits & UNREACHABLE ? reader.int64() : undefined;
    const goneNs = bits & GONE ? reader.int64() : undefined;
    const drain = bits & DRAIN ? reader.bytes() : null;
    const duty = bits & DUTY ? { drain, deactivated: (bits & DEACTIVATED) !== 0 } : undefined;
    if (pageOf(id) !== number || page.has(id)) {
      throw damaged(path, `agent ${id} is in the wrong place`);
    }
    page.set(id, { agent, unreachableNs, goneNs, duty });
  }
  return page;
}

export function encodeGroup(path: string, group: Group): Buffer {
  const entries = [...group].toSorted(([a], [b]) => a - b);
  return summed(
    path,
    entries.map(([page, sum]) => {
      const bytes = Buffer.allocUnsafe(ENTRY_BYTES);
      bytes.writeUInt16BE(page);
      bytes.writeUInt32BE(sum, 2);
      return bytes;
    }),
  );
}

/** Throws RegistryError. */
export function decodeGroup(path: string, number: number, data: Buffer): Group {
  const group = new Map<number, number>();
  const reader = new Reader(path, data);
  while (!reader.isAtEnd()) {
    const page = reader.uint16();
    if (groupOf(page) !== number || group.has(page)) {
      throw damaged(path, `page ${page} is in the wrong place`);
    }
    group.set(page, reader.uint32());
  }
  return group;
}

export const encodeList = (path: string, messages: readonly Uint8Array[]): Buffer =>
  summed(path, messages.flatMap(prefixed));

/** Throws RegistryError. */
export function decodeList(path: string, data: Buffer): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  const reader = new Reader(path, data);
  while (!reader.isAtEnd()) {
    messages.push(reader.bytes());
  }
  return messages;
}

function prefixed(bytes: Uint8Array): readonly [Buffer, Uint8Array] {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function summed(path: string, parts: readonly Uint8Array[]): Buffer {
  const data = Buffer.concat([Buffer.alloc(SUM_BYTES), ...parts]);
  data.writeUInt32BE(sumFor(path, data));
  return data;
}

/** The folder is not in the sum: a registry may be copied to another. */
const sumFor = (path: string, data: Buffer): number =>
  crc32(data.subarray(SUM_BYTES), crc32(path.slice(path.lastIndexOf('/') + 1)));

/** Reads what is behind the sum. What does not fit is damage. */
class Reader {
  readonly #path: string;
  readonly #data: Buffer;
  #offset = SUM_BYTES;

  constructor(path: string, data: Buffer) {
    if (data.length < SUM_BYTES || sumOf(data) !== sumFor(path, data)) {
      throw damaged(path, 'it is not as it was written');
    }
    this.#path = path;
    this.#data = data;
  }

  isAtEnd(): boolean {
    return this.#offset === this.#data.length;
  }

  uint8(): number {
    return this.#data.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#data.readUInt16BE(this.#take(2));
  }

  uint32(): number {
    return this.#data.readUInt32BE(this.#take(4));
  }

  int64(): bigint {
    return this.#data.readBigInt64BE(this.#take(8));
  }

  bytes(): Buffer {
    const length = this.uint32();
    const start = this.#take(length);
    return this.#data.subarray(start, start + length);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (start + length > this.#data.length) {
      throw damaged(this.#path, 'it ends too early');
    }
    this.#offset += length;
    return start;
  }
}
