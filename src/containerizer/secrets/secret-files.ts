// Secrets by reference from a folder that only the agent can read: the name of a reference is a
// path below it. Names come from frameworks, so each part is opened by itself, and no link is
// followed. With a key, the file is a JSON object, and the key's text is the secret; without, it is
// all bytes of the file.
import type { BigIntStats } from 'node:fs';
import { codeOf, Folder } from '../../filesystem/folder.ts';
import type { Secret_Reference } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { SecretResolver } from './secret-resolver.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_NAME = 1_024;
/** Characters of a name in an error. */
const MAX_SHOWN = 200;

export class SecretFiles implements SecretResolver {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Why the folder cannot be used: a clause; undefined: it can. */
  async objection(): Promise<string | undefined> {
    try {
      await using folder = await Folder.open(this.#path);
      return folderObjection(await folder.status());
    } catch (error) {
      return `it cannot be opened (${codeOf(error) ?? 'no folder'})`;
    }
  }

  async resolve(reference: Secret_Reference): Promise<Uint8Array> {
    const { name, key } = reference;
    const refuse = (why: string, cause?: unknown) =>
      new ContainerizerError(`Failed to resolve the secret ${shown(reference)}: ${why}`, { cause });
    const names = partsOf(name);
    if (names === undefined) {
      throw refuse('its name is no path below a folder, such as db/password');
    }
    let bytes: Buffer | string;
    try {
      bytes = await this.#read(names);
    } catch (error) {
      throw refuse(reasonOf(error), error);
    }
    if (typeof bytes === 'string') {
      throw refuse(bytes);
    }
    const value = key === undefined ? bytes : textOfKey(bytes, key);
    if (value === undefined) {
      throw refuse(
        'the agent has a file of this name that is no JSON object with a text of this key',
      );
    }
    return value;
  }

  /** The bytes, or why they are not to be used. */
  async #read(names: readonly string[]): Promise<Buffer | string> {
    const [name = '', ...above] = names.toReversed();
    await using folder = await Folder.openBelow(this.#path, []);
    const open = folderObjection(await folder.status());
    if (open !== undefined) {
      return `the agent's folder of secrets cannot be used: ${open}`;
    }
    await using place = await Folder.openBelow(this.#path, above.reverse());
    await using file = await place.file(name);
    const status = await file.stat({ bigint: true });
    if (!isOwn(status) || (status.mode & 0o022n) !== 0n) {
      return 'others than the agent can change its file';
    }
    if (status.size > MAX_BYTES) {
      return `it has more than ${MAX_BYTES} bytes`;
    }
    return file.readFile();
  }
}

function folderObjection(status: BigIntStats): string | undefined {
  if (!status.isDirectory()) {
    return 'it is no folder';
  }
  if (!isOwn(status)) {
    return 'it belongs to another user';
  }
  return (status.mode & 0o077n) === 0n
    ? undefined
    : 'others can look into it: it needs mode 700 (chmod 700)';
}

const isOwn = ({ uid }: BigIntStats) => uid === 0n || uid === BigInt(process.getuid?.() ?? 0);

/** The parts of a path that leads below the folder; a slash at the beginning does not count. */
function partsOf(name: string): readonly string[] | undefined {
  const parts = name.replace(/^\/+/, '').split('/');
  const isGood =
    name.length <= MAX_NAME &&
    !name.includes('\0') &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  return isGood ? parts : undefined;
}

function textOfKey(bytes: Buffer, key: string): Uint8Array | undefined {
  try {
    const object: unknown = JSON.parse(bytes.toString());
    const isObject = typeof object === 'object' && object !== null && Object.hasOwn(object, key);
    const value = isObject ? (object as Record<string, unknown>)[key] : undefined;
    return typeof value === 'string' ? Buffer.from(value) : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'the agent has none of this name';
    case 'ELOOP':
    case 'MESOSCALE_NOT_REGULAR':
      return 'what the agent has of this name is no file (links are not followed)';
    default:
      return `the agent cannot read it (${codeOf(error) ?? 'an error'})`;
  }
}

const shown = ({ name, key }: Secret_Reference) =>
  `'${name.slice(0, MAX_SHOWN)}'${key === undefined ? '' : ` (key '${key.slice(0, MAX_SHOWN)}')`}`;
