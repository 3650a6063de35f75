// How the registry lies in ZooKeeper, below a folder of its own:
//
//     <folder>                 what this is, and in which format
//     <folder>/head            {"epoch":3,"batch":17}: every write demands the version that it
//                              knows, and raises the batch
//     <folder>/agents/1a2f     a page: all rows about the agents whose ids have this sum
//     <folder>/settings/quotas a list of messages
//
// Pages and lists begin with a sum of their name and of all that follows. Numbers are big endian.
//
//     page:  sum:u32, then for each agent: length:u32 id, parts:u8, and those parts that are there:
//            length:u32 AgentInfo, unreachable:i64, gone:i64, length:u32 DrainInfo
//     list:  sum:u32, then for each message: length:u32 message
//
// With few agents each has a znode of its own. With many, one znode an agent would take longer to
// read than a new leader has time: what a read costs is a matter of the number of znodes.
import { crc32 } from 'node:zlib';
import { RegistryError } from './registry.ts';
import type { ListName } from './registry-rows.ts';

/** What is known of one agent; a part that is absent is undefined. */
export interface Entry {
  readonly agent?: Uint8Array | undefined;
  readonly unreachableNs?: bigint | undefined;
  readonly goneNs?: bigint | undefined;
  readonly duty?: { readonly drain: Uint8Array | null; readonly deactivated: boolean } | undefined;
}

/** By id. */
export type Page = ReadonlyMap<string, Entry>;

/** Who may write: the leader of this epoch, after this batch. */
export interface Head {
  readonly epoch: number;
  readonly batch: number;
}

/** Raised with every change of the layout; a folder of a newer format is refused. */
const FORMAT = 1;
const KIND = 'registry of Mesoscale masters';
/** With 50,000 agents a page has six. To change it is a new format. */
const PAGES = 8192;

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
  readonly agents: string;
  readonly settings: string;

  constructor(folder: string) {
    this.folder = folder;
    this.head = `${folder}/head`;
    this.agents = `${folder}/agents`;
    this.settings = `${folder}/settings`;
  }

  /** The names of what is always in the folder. */
  get names(): readonly string[] {
    return [this.head, this.agents, this.settings].map((path) =>
      path.slice(this.folder.length + 1),
    );
  }

  page(number: number): string {
    return `${this.agents}/${nameOf(number)}`;
  }

  list(name: ListName): string {
    return `${this.settings}/${name}`;
  }
}

const nameOf = (page: number) => page.toString(16).padStart(4, '0');

export const pageOf = (id: string): number => crc32(id) % PAGES;

/** Undefined where no page has the name. */
export function pageNamed(name: string): number | undefined {
  const page = Number.parseInt(name, 16);
  return page >= 0 && page < PAGES && nameOf(page) === name ? page : undefined;
}

export const isListName = (name: string): name is ListName => Object.hasOwn(LISTS, name);

export const encodeFormat = () => Buffer.from(JSON.stringify({ kind: KIND, format: FORMAT }));

/** Throws RegistryError where the folder is another's, or of a newer version. */
export function checkFormat(folder: string, data: Buffer): void {
  const { kind, format } = parsed(data);
  if (kind !== KIND || typeof format !== 'number') {
    throw new RegistryError(
      `${folder} in ZooKeeper is no registry of masters: choose another path (--zk_registry_path)`,
    );
  }
  if (format > FORMAT) {
    throw new RegistryError(
      `${folder} in ZooKeeper was written by a newer version (format ${format}, this one knows ${FORMAT})`,
    );
  }
}

export const encodeHead = ({ epoch, batch }: Head) => Buffer.from(JSON.stringify({ epoch, batch }));

/** Throws RegistryError. */
export function decodeHead(path: string, data: Buffer): Head {
  const { epoch, batch } = parsed(data);
  if (!isCount(epoch) || !isCount(batch)) {
    throw damaged(path, 'it tells no epoch');
  }
  return { epoch, batch };
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

function parsed(data: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(data.toString());
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const damaged = (path: string, why: string) =>
  new RegistryError(`${path} in ZooKeeper is damaged: ${why}`);

/** Bits of `parts`. */
const AGENT = 1;
const UNREACHABLE = 2;
const GONE = 4;
const DUTY = 8;
const DRAIN = 16;
const DEACTIVATED = 32;
const SUM_BYTES = 4;

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
    if (data.length < SUM_BYTES || data.readUInt32BE() !== sumFor(path, data)) {
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

  int64(): bigint {
    return this.#data.readBigInt64BE(this.#take(8));
  }

  bytes(): Buffer {
    const length = this.#data.readUInt32BE(this.#take(4));
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
