// Virtual paths onto files: what /files/* and the operator API's LIST_FILES and READ_FILE show.
// Nothing outside the attached directories is ever reached, though their users may put links in
// them at any time: what is shown is what was opened, beneath the directory, and only regular files
// are read.
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, normalize } from 'node:path';
import type { Readable } from 'node:stream';
import { Beneath, OutsideError, type Place } from '../../filesystem/beneath.ts';
import { codeOf, NotRegularError, openRegular } from '../../filesystem/folder.ts';
import type { FileInfo } from '../../model/generated/messages.ts';
import { groupName, userName } from './account-names.ts';
import { badRequest, fileIsDirectory, fileNotFound, forbidden } from './error-responses.ts';
import type { HttpResponse } from './response.ts';

/** Virtual path (no trailing slash) → absolute path of a file or directory. A Map is one. */
export interface AttachedFiles {
  get(path: string): string | undefined;
  /** Whether something is attached there that is not for the asking principal. */
  denies?(path: string): boolean;
  [Symbol.iterator](): Iterator<[string, string]>;
}

/** Two tables as one; the first counts where both know a path. */
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

/** The files that only some may read: the others learn that they may not. */
export function guardedFiles(files: AttachedFiles, isAllowed: boolean): AttachedFiles {
  return isAllowed
    ? files
    : {
        get: () => undefined,
        denies: (path) => files.get(path) !== undefined,
        *[Symbol.iterator]() {},
      };
}

/** A result, or the refusal that says why there is none. */
export type FilesResult<T> = { readonly value: T } | { readonly refusal: HttpResponse };

/** Longest read of one request: 16 pages, as Mesos. */
const MAX_READ_BYTES = 16 * 4_096;
/** Entries of a directory listed at most: of one with more, the first that the system names. */
const MAX_LISTED = 100_000;
/** Longer listings wait for each other: they take memory, and the time of the agent's threads. */
const LARGE_LISTING = 2_000;

export interface FilePiece {
  /** Size of the whole file. */
  readonly size: number;
  readonly data: Buffer;
}

/**
 * The entries of a directory, sorted by name; nothing for a file. Who asks the same meanwhile gets
 * the same list; once all of them have gone it is not gone on with.
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

/** A piece of a file; beyond its end, and with length 0, there is only its size. */
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

/** A file that is held open until it has been streamed, or is closed. */
export interface Download {
  readonly name: string;
  readonly size: number;
  readonly contentType: string;
  /** As many bytes as `size` says, or fewer where the file has become shorter. */
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

class Refusal extends Error {
  readonly answer: HttpResponse;

  constructor(answer: HttpResponse) {
    super();
    this.answer = answer;
  }
}

/** Of an attached file there is no root. */
type Use<T> = (place: Place, root: Beneath | undefined) => Promise<T>;

/** The longest attached prefix decides; what remains must stay beneath it. */
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
  // An attached file has nothing below it.
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
 * Of something outside Mesos says 404 where it is not there, and 400 where it is. Here it is 404
 * whatever there is, so that the answer does not tell; a folder above, which is always there, is
 * 400.
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
 * Another user's file, which the folder's own user may not read: moved in from a folder of his, or
 * given one more name there. The agent, which is root, lends him no eyes.
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
  // One whose clients have gone already may have been given up.
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

/** Resolves when the last of those that have asked is done: large listings are made one by one. */
let lastLarge: Promise<void> = Promise.resolve();

async function list(
  place: FolderPlace,
  root: Beneath,
  path: string,
  isUnwanted: () => boolean,
): Promise<FileInfo[]> {
  const listing: FileInfo[] = [];
  let done: (() => void) | undefined;
  try {
    for await (const names of batches(place)) {
      if (listing.length >= LARGE_LISTING && done === undefined) {
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
        if (status !== undefined) {
          listing.push(fileInfo(join(path, name.toString()), status));
        }
      }
      if (listing.length >= MAX_LISTED) {
        listing.length = MAX_LISTED;
        break;
      }
    }
  } catch (error) {
    // It may not be read: then nothing of it is shown.
    if (codeOf(error) !== 'EACCES') {
      throw error;
    }
  } finally {
    done?.();
  }
  return listing.sort((a, b) => ((a.path ?? '') < (b.path ?? '') ? -1 : 1));
}

/** Entries that are looked at at once: the agent's threads are for others, too. */
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

/** In the order of the names; undefined for an entry that has gone since. */
const statuses = ({ folder }: FolderPlace, names: readonly Buffer[]) =>
  Promise.all(names.map((name) => folder.statusOf(name).catch(undefinedIfMissing)));

function undefinedIfMissing(error: unknown): undefined {
  if (!isMissing(error)) {
    throw error;
  }
}

/**
 * Of a link: what it leads to, or of the link itself where that is outside or not to be found out;
 * undefined for a link to nowhere.
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

/** `wanted` is the path in the file system: it is what Mesos speaks of, too. */
function refusalOf(error: unknown, wanted: string): HttpResponse {
  if (error instanceof Refusal) {
    return error.answer;
  }
  // It was exchanged for a link between two looks, or a link for it.
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

/** As /files/browse shows it: times in seconds, the mode as `ls` writes it. */
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
