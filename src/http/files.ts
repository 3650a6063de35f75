// Virtual paths onto files: what /files/* and the operator API's LIST_FILES and READ_FILE show.
// Nothing outside the attached directories is ever reached: a path is resolved by the system,
// links and dots included, before it is compared.
import { type BigIntStats, createReadStream, type Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import type { FileInfo } from '../model/generated/messages.ts';
import { groupName, userName } from './account-names.ts';
import { type Answer, badRequest, fileIsDirectory, fileNotFound, forbidden } from './errors.ts';

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
export type FilesResult<T> = { readonly value: T } | { readonly refusal: Answer };

/** Longest read of one request: 16 pages, as Mesos. */
const MAX_READ_BYTES = 16 * 4_096;
/** Entries of a directory listed at most. */
const MAX_LISTED = 100_000;

export interface FilePiece {
  /** Size of the whole file. */
  readonly size: number;
  readonly data: Buffer;
}

/** The entries of a directory, sorted by name; nothing for a file. */
export async function browse(files: AttachedFiles, path: string): Promise<FilesResult<FileInfo[]>> {
  const resolved = await resolve(files, path);
  if ('refusal' in resolved) {
    return resolved;
  }
  let entries: Dirent[];
  try {
    entries = await readdir(resolved.value, { withFileTypes: true });
  } catch {
    return { value: [] };
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const listing: FileInfo[] = [];
  for (const { name } of entries.slice(0, MAX_LISTED)) {
    try {
      const status = await stat(join(resolved.value, name), { bigint: true });
      listing.push(fileInfo(join(path, name), status));
    } catch {
      // It has gone since, or is a link to nowhere.
    }
  }
  return { value: listing };
}

/** A piece of a file; beyond its end, and with length 0, there is only its size. */
export async function readPiece(
  files: AttachedFiles,
  path: string,
  offset: number,
  length: number | undefined,
): Promise<FilesResult<FilePiece>> {
  const resolved = await resolve(files, path);
  if ('refusal' in resolved) {
    return resolved;
  }
  try {
    await using file = await open(resolved.value, 'r');
    const status = await file.stat();
    if (status.isDirectory()) {
      return { refusal: fileIsDirectory };
    }
    const wanted = Math.min(length ?? MAX_READ_BYTES, status.size - offset, MAX_READ_BYTES);
    if (wanted <= 0) {
      return { value: { size: status.size, data: Buffer.alloc(0) } };
    }
    const buffer = Buffer.alloc(wanted);
    const { bytesRead } = await file.read(buffer, 0, wanted, offset);
    return { value: { size: status.size, data: buffer.subarray(0, bytesRead) } };
  } catch (error) {
    return { refusal: refusalOf(error) };
  }
}

export interface Download {
  readonly name: string;
  readonly size: number;
  readonly contentType: string;
  readonly stream: () => Readable;
}

export async function download(files: AttachedFiles, path: string): Promise<FilesResult<Download>> {
  const resolved = await resolve(files, path);
  if ('refusal' in resolved) {
    return resolved;
  }
  const { value } = resolved;
  const status = await stat(value);
  if (status.isDirectory()) {
    return { refusal: badRequest('Cannot download a directory.\n') };
  }
  const { size } = status;
  return {
    value: {
      name: basename(value),
      size,
      contentType: MIME_TYPES[extname(value)] ?? 'application/octet-stream',
      stream: () => createReadStream(value, { start: 0, end: Math.max(0, size - 1) }),
    },
  };
}

/** The longest attached prefix decides; what remains must stay inside it. */
async function resolve(files: AttachedFiles, path: string): Promise<FilesResult<string>> {
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
      return resolveBelow(root, trimmed.slice(end + 1));
    }
  }
  return { refusal: fileNotFound };
}

async function resolveBelow(root: string, rest: string): Promise<FilesResult<string>> {
  const wanted = join(root, rest);
  try {
    const realRoot = await realpath(root);
    const real = await realpath(`${root}${sep}${rest}`);
    if (real !== realRoot && !real.startsWith(`${realRoot}${sep}`)) {
      return { refusal: badRequest(`'${wanted}' is inaccessible.\n`) };
    }
    return { value: real };
  } catch (error) {
    // An attached file has nothing below it.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' && rest === '') {
      return { value: await realpath(root) };
    }
    return { refusal: refusalOf(error) };
  }
}

function refusalOf(error: unknown): Answer {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
    return fileNotFound;
  }
  return badRequest(`${message}.\n`);
}

export function fileInfo(path: string, status: BigIntStats): FileInfo {
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
