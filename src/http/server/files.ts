// Virtual paths of files, as /files/* and the calls LIST_FILES and READ_FILE show them. Nothing
// outside the attached folders can be reached, although their users may put links into them at any
// time: each path is opened component by component below its folder, and only regular files are
// read.
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, normalize } from 'node:path';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Beneath, OutsideError, type Place } from '../../filesystem/beneath.ts';
import { codeOf, type Folder, NotRegularError, openRegular } from '../../filesystem/folder.ts';
import type { FileInfo } from '../../model/generated/messages.ts';
import { groupName, userName } from './account-names.ts';
import {
  badRequest,
  fileIsDirectory,
  fileNotFound,
  forbidden,
  serviceUnavailable,
} from './error-responses.ts';
import { folderArchive } from './folder-archive.ts';
import type { HttpResponse } from './response.ts';

/** Virtual paths (without trailing slash) to absolute paths of files or folders. A Map will do. */
export interface AttachedFiles {
  get(path: string): string | undefined;
  /** Whether the principal may not see what is attached at the path. */
  denies?(path: string): boolean;
  [Symbol.iterator](): Iterator<[string, string]>;
}

/** Two tables as one; the first has priority. */
export function joinedFiles(first: AttachedFiles, second: AttachedFiles): AttachedFiles {
  return {
    get: (path) => first.get(path) ?? second.get(path),
    denies: (path) => first.denies?.(path) === true || second.denies?.(path) === true,
    *[Symbol.iterator]() {
      yield* first;
      yield* second;
    },
  };
}

/** Files that only some principals may read; others are refused. Asks where it is about them. */
export function guardedFiles(files: AttachedFiles, isAllowed: () => boolean): AttachedFiles {
  return {
    get: (path) => {
      const file = files.get(path);
      return file !== undefined && isAllowed() ? file : undefined;
    },
    denies: (path) => files.get(path) !== undefined && !isAllowed(),
    *[Symbol.iterator]() {
      if (isAllowed()) {
        yield* files;
      }
    },
  };
}

/** A result, or the response that refuses it. */
export type FilesResult<T> = { readonly value: T } | { readonly refusal: HttpResponse };

/** The most bytes of one read: 16 pages, as in Mesos. */
const MAX_READ_BYTES = 16 * 4_096;
/** The most entries of a listing: of a larger folder, the first that the system returns. */
const MAX_LISTED = 100_000;
/**
 * Listings above this size are made one after the other: they take memory, and the agent's threads.
 */
const LARGE_LISTING = 2_000;

export interface FilePiece {
  /** The size of the whole file. */
  readonly size: number;
  readonly data: Buffer;
}

/**
 * The entries of a folder, sorted by name; empty for a file. Concurrent requests for the same
 * folder share one listing, which ends early if all their clients disconnect.
 */
export async function browse(
  files: AttachedFiles,
  path: string,
  isGone: () => boolean = () => false,
): Promise<FilesResult<FileInfo[]>> {
  return find(files, path, async (place, root) =>
    place.kind === 'folder' && root !== undefined ? sharedList(place, root, path, isGone) : [],
  );
}

/** A piece of a file. Beyond its end, and with length 0, it has no data but the file's size. */
export async function readPiece(
  files: AttachedFiles,
  path: string,
  offset: number,
  length: number | undefined,
): Promise<FilesResult<FilePiece>> {
  return find(files, path, async (place, root) => {
    if (place.kind === 'folder') {
      throw new Refusal(fileIsDirectory);
    }
    await using file = await openFile(place, root);
    const { size } = await file.stat();
    const wanted = Math.min(length ?? MAX_READ_BYTES, size - offset, MAX_READ_BYTES);
    if (wanted <= 0) {
      return { size, data: Buffer.alloc(0) };
    }
    const buffer = Buffer.alloc(wanted);
    const { bytesRead } = await file.read(buffer, 0, wanted, offset);
    return { size, data: buffer.subarray(0, bytesRead) };
  });
}

/** A file, open until it has been streamed or closed. */
export interface Download {
  readonly name: string;
  readonly size: number;
  readonly contentType: string;
  /** A stream of `size` bytes, or fewer if the file shrinks meanwhile. */
  readonly stream: () => Readable;
  readonly close: () => Promise<void>;
}

export async function download(files: AttachedFiles, path: string): Promise<FilesResult<Download>> {
  return find(files, path, async (place, root) => {
    if (place.kind === 'folder') {
      throw new Refusal(badRequest('Cannot download a directory.\n'));
    }
    const file = await openFile(place, root);
    const { size } = await file.stat();
    return {
      name: place.name,
      size,
      contentType: MIME_TYPES[extname(place.name)] ?? 'application/octet-stream',
      stream: () => file.createReadStream({ start: 0, end: Math.max(0, size - 1) }),
      close: () => file.close(),
    };
  });
}

/** So many are made at once: each takes the agent's threads, as fast as its client takes it. */
const MAX_ARCHIVES = 8;
const MAX_ARCHIVES_OF_PARTY = 2;
/** By party, how many are made. */
const archives = new Map<string, number>();

/** Hands a folder over as an archive, and ends with whoever takes it. */
export async function archive(
  files: AttachedFiles,
  { path, party }: { readonly path: string; readonly party: string },
  take: (name: string, pieces: AsyncGenerator<Buffer>) => Promise<void>,
): Promise<FilesResult<void>> {
  const own = archives.get(party) ?? 0;
  const all = archives.values().reduce((sum, count) => sum + count, 0);
  if (own >= MAX_ARCHIVES_OF_PARTY || all >= MAX_ARCHIVES) {
    const made = own >= MAX_ARCHIVES_OF_PARTY ? `${own} archives of ${party}` : `${all} archives`;
    const text = `${made} are being made, as many as may be: try again when one has ended.`;
    return { refusal: serviceUnavailable(text) };
  }
  archives.set(party, own + 1);
  try {
    return await find(files, path, async (place, root) => {
      if (place.kind !== 'folder' || root === undefined) {
        throw new Refusal(badRequest('Only folders become archives.\n'));
      }
      const { folder, names } = place;
      const name = names.at(-1) ?? root.name;
      const open = async (at: Folder, file: Buffer) => openFile(await entryOf(at, file), root);
      await take(name, folderArchive({ folder, name, open }));
    });
  } finally {
    const left = (archives.get(party) ?? 0) - 1;
    if (left > 0) {
      archives.set(party, left);
    } else {
      archives.delete(party);
    }
  }
}

async function entryOf(folder: Folder, name: Buffer): Promise<Extract<Place, { kind: 'other' }>> {
  const status = await folder.statusOf(name);
  return { kind: 'other', name: name.toString(), status, open: () => folder.file(name) };
}

class Refusal extends Error {
  readonly answer: HttpResponse;

  constructor(answer: HttpResponse) {
    super();
    this.answer = answer;
  }
}

/** For a file that is attached itself there is no root. */
type Use<T> = (place: Place, root: Beneath | undefined) => Promise<T>;

/** Finds the longest attached prefix of the path; the rest must stay below it. */
async function find<T>(files: AttachedFiles, path: string, use: Use<T>): Promise<FilesResult<T>> {
  if (path.includes('\0')) {
    return { refusal: fileNotFound };
  }
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
  for (let end = trimmed.length; end > 0; end = trimmed.lastIndexOf('/', end - 1)) {
    const virtual = trimmed.slice(0, end);
    if (files.denies?.(virtual)) {
      return { refusal: forbidden() };
    }
    const root = files.get(virtual);
    if (root !== undefined) {
      const rest = trimmed.slice(end + 1);
      try {
        return { value: await findBeneath(root, rest, use) };
      } catch (error) {
        return { refusal: refusalOf(error, join(root, rest)) };
      }
    }
  }
  return { refusal: fileNotFound };
}

async function findBeneath<T>(path: string, rest: string, use: Use<T>): Promise<T> {
  if (namesOutside(rest)) {
    throw new Refusal(fileNotFound);
  }
  if ((await stat(path)).isDirectory()) {
    await using root = await Beneath.open(path);
    return await root.find(rest, (place) => use(place, root));
  }
  // A file that is attached itself has nothing below it.
  if (rest !== '') {
    throw new Refusal(fileNotFound);
  }
  const file: Place = {
    kind: 'other',
    name: basename(await realpath(path)),
    status: await stat(path, { bigint: true }),
    open: () => openRegular(path),
  };
  return use(file, undefined);
}

/**
 * For a path outside, Mesos says 404 or 400, depending on whether something is there. Here it is
 * always 404, so that the response does not tell; only the folder above, which always exists, gets
 * 400 as in Mesos.
 */
const namesOutside = (rest: string) => /^\.\.\/(.*\/)?(?!\.\.$)[^/]+$/.test(normalize(rest));

async function openFile(
  place: Extract<Place, { kind: 'other' }>,
  root: Beneath | undefined,
): Promise<FileHandle> {
  if (!place.status.isFile()) {
    throw new NotRegularError();
  }
  const file = await place.open();
  try {
    if (root !== undefined && isForeign(await file.stat({ bigint: true }), await root.status())) {
      throw new OutsideError();
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Whether the file belongs to another user and the folder's user may not read it: such a file was
 * moved or linked into the folder. An agent that is root must not show it to that user.
 */
function isForeign(file: BigIntStats, folder: BigIntStats): boolean {
  if (folder.uid === ROOT || file.uid === folder.uid) {
    return false;
  }
  const readable = constants.S_IROTH | (file.gid === folder.gid ? constants.S_IRGRP : 0);
  return (Number(file.mode) & readable) === 0;
}

const ROOT = 0n;

type FolderPlace = Extract<Place, { kind: 'folder' }>;

/** A listing that is being made. */
interface Listing {
  readonly made: Promise<FileInfo[]>;
  readonly clients: (() => boolean)[];
}

const listings = new Map<string, Listing>();

async function sharedList(
  place: FolderPlace,
  root: Beneath,
  path: string,
  isGone: () => boolean,
): Promise<FileInfo[]> {
  const key = [path, ...(await Promise.all([place.folder.status(), root.status()])).map(identity)];
  const text = key.join('\0');
  const known = listings.get(text);
  // A listing without clients may have been given up already.
  if (known?.clients.some((client) => !client())) {
    known.clients.push(isGone);
    return known.made;
  }
  const clients = [isGone];
  const made = list(place, root, path, () => clients.every((client) => client()));
  const listing: Listing = { made, clients };
  listings.set(text, listing);
  try {
    return await made;
  } finally {
    if (listings.get(text) === listing) {
      listings.delete(text);
    }
  }
}

const identity = ({ dev, ino }: BigIntStats) => `${dev}:${ino}`;

/** Resolves when the last requested large listing is done: they are made one by one. */
let lastLarge: Promise<void> = Promise.resolve();

async function list(
  place: FolderPlace,
  root: Beneath,
  path: string,
  isUnwanted: () => boolean,
): Promise<FileInfo[]> {
  /** Sorted by themselves, but for the last. */
  const runs: FileInfo[][] = [[]];
  let count = 0;
  let done: (() => void) | undefined;
  try {
    for await (const names of batches(place)) {
      if (count >= LARGE_LISTING && done === undefined) {
        const before = lastLarge;
        ({ promise: lastLarge, resolve: done } = Promise.withResolvers<void>());
        await before;
      }
      if (isUnwanted()) {
        break;
      }
      for (const [index, found] of (await statuses(place, names)).entries()) {
        const name = names[index] ?? Buffer.alloc(0);
        const status = found?.isSymbolicLink() ? await targetOf(place, root, name, found) : found;
        if (status !== undefined && count < MAX_LISTED) {
          runs.at(-1)?.push(fileInfo(join(path, name.toString()), status));
          count++;
        }
      }
      if (count >= MAX_LISTED) {
        break;
      }
      if ((runs.at(-1)?.length ?? 0) >= LARGE_LISTING) {
        runs.at(-1)?.sort(byPath);
        runs.push([]);
      }
    }
  } catch (error) {
    // The file may not be read: then none of it is shown.
    if (codeOf(error) !== 'EACCES') {
      throw error;
    }
  } finally {
    done?.();
  }
  runs.at(-1)?.sort(byPath);
  return merged(runs);
}

const byPath = (a: FileInfo, b: FileInfo) => ((a.path ?? '') < (b.path ?? '') ? -1 : 1);

/** To sort a hundred thousand at once would take a tenth of a second of the loop. */
async function merged(runs: readonly FileInfo[][]): Promise<FileInfo[]> {
  let left = runs;
  while (left.length > 1) {
    const next: FileInfo[][] = [];
    for (let at = 0; at < left.length; at += 2) {
      next.push(mergedPair(left[at] ?? [], left[at + 1] ?? []));
      await setImmediate();
    }
    left = next;
  }
  return left[0] ?? [];
}

function mergedPair(first: readonly FileInfo[], second: readonly FileInfo[]): FileInfo[] {
  const all: FileInfo[] = [];
  let next = 0;
  for (const info of first) {
    for (let other = second[next]; other && byPath(other, info) < 0; other = second[next]) {
      all.push(other);
      next++;
    }
    all.push(info);
  }
  return [...all, ...second.slice(next)];
}

/** How many entries are examined at once: other work needs the agent's threads, too. */
const BATCH = 64;

async function* batches({ folder }: FolderPlace): AsyncGenerator<readonly Buffer[]> {
  let names: Buffer[] = [];
  for await (const { name } of folder.entries()) {
    names.push(name);
    if (names.length === BATCH) {
      yield names;
      names = [];
    }
  }
  yield names;
}

/** In the order of the names; undefined for an entry that was deleted meanwhile. */
const statuses = ({ folder }: FolderPlace, names: readonly Buffer[]) =>
  Promise.all(names.map((name) => folder.statusOf(name).catch(undefinedIfMissing)));

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) {
    throw error;
  }
}

/**
 * The status of a link's target; of the link itself where the target is outside or unknown;
 * undefined where there is no target.
 */
function targetOf(
  { names }: FolderPlace,
  root: Beneath,
  name: Buffer,
  link: BigIntStats,
): Promise<BigIntStats | undefined> {
  return root
    .find([...names, name.toString()].join('/'), async (place) =>
      place.kind === 'folder' ? place.folder.status() : place.status,
    )
    .catch((error: unknown) => (isMissing(error) ? undefined : link));
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
}

/** `wanted` is the path in the file system, which Mesos names as well. */
function refusalOf(error: unknown, wanted: string): HttpResponse {
  if (error instanceof Refusal) {
    return error.answer;
  }
  // Between two system calls the file was replaced by a link, or a link by the file.
  const code = codeOf(error);
  if (error instanceof OutsideError || code === 'ELOOP' || code === 'EINVAL') {
    return badRequest(`'${wanted}' is inaccessible.\n`);
  }
  if (error instanceof NotRegularError) {
    return badRequest(`'${wanted}' is not a regular file.\n`);
  }
  if (isMissing(error)) {
    return fileNotFound;
  }
  return badRequest(`'${wanted}' cannot be read: ${String(code ?? error)}.\n`);
}

function fileInfo(path: string, status: BigIntStats): FileInfo {
  return {
    path,
    nlink: Number(status.nlink),
    size: Number(status.size),
    mtime: { nanoseconds: (status.mtimeNs / 1_000_000_000n) * 1_000_000_000n },
    mode: Number(status.mode),
    uid: userName(Number(status.uid)),
    gid: groupName(Number(status.gid)),
  };
}

/** An entry as /files/browse shows it: times in seconds, the mode as `ls` writes it. */
export function listingEntry(info: FileInfo): Record<string, unknown> {
  return {
    gid: info.gid,
    mode: modeText(info.mode ?? 0),
    mtime: Number((info.mtime?.nanoseconds ?? 0n) / 1_000_000_000n),
    nlink: info.nlink,
    path: info.path,
    size: info.size,
    uid: info.uid,
  };
}

const TYPE_LETTERS: ReadonlyMap<number, string> = new Map([
  [0o140000, 's'],
  [0o120000, 'l'],
  [0o100000, '-'],
  [0o060000, 'b'],
  [0o040000, 'd'],
  [0o020000, 'c'],
  [0o010000, 'p'],
]);

function modeText(mode: number): string {
  let text = TYPE_LETTERS.get(mode & 0o170000) ?? '-';
  for (let bit = 8; bit >= 0; bit--) {
    text += (mode >> bit) & 1 ? 'rwx'.charAt(2 - (bit % 3)) : '-';
  }
  return text;
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.gif': 'image/gif',
  '.html': 'text/html',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.js': 'application/javascript',
  '.json': 'application/json',
  '.log': 'text/plain',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.xml': 'application/xml',
  '.zip': 'application/zip',
};
