// Files as an agent or a master shows them: sandboxes and logs, by their virtual paths.
import type { IncomingMessage } from 'node:http';
import type { FileInfo } from '../../../model/generated/messages.ts';

export interface Piece {
  /** Of the whole file, when it was read. */
  readonly size: number;
  readonly data: Uint8Array;
}

/** What there is of a server's files; all reject with CommandError. */
export interface FileServer {
  /** The entries of a folder; of a file none. */
  list(path: string): Promise<readonly FileInfo[]>;
  /** Bytes from there on, some 64 KB at most; none at the end. */
  read(path: string, offset: number): Promise<Piece>;
  /** The body of an answer to GET. */
  stream(path: string): Promise<IncomingMessage>;
}

/** A file or folder of a server. */
export interface FilePlace {
  readonly server: FileServer;
  readonly path: string;
  /** For people: what it is a file of. */
  readonly of: string;
}

/** Bytes of one read; the servers' own limit. */
export const PIECE_BYTES = 64 * 1024;

const TYPE_BITS = 0o170000;
const FOLDER = 0o040000;
const LINK = 0o120000;

export const isFolder = ({ mode = 0 }: FileInfo): boolean => (mode & TYPE_BITS) === FOLDER;
export const isLink = ({ mode = 0 }: FileInfo): boolean => (mode & TYPE_BITS) === LINK;

/** The last part of its path. */
export const nameOf = ({ path = '' }: FileInfo): string => path.slice(path.lastIndexOf('/') + 1);

export const downloadOf = (path: string) => `/files/download?path=${encodeURIComponent(path)}`;
export const archiveOf = (path: string) => `/files/archive?path=${encodeURIComponent(path)}`;

/** `a/b` below a root; without a part, the root. */
export const below = (root: string, part: string): string => {
  const inside = part.replace(/^(?:\.?\/)+|^\.$/, '').replace(/\/+$/, '');
  return inside === '' ? root : `${root}/${inside}`;
};
