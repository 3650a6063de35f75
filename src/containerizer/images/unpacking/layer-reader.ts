// What the entries of a layer's archive mean for a folder, as operations: a value each, that can be
// carried out without looking at the archive again.
//
// A layer says what it adds to those below it, and by files with special names (`.wh.NAME`,
// `.wh..wh..opq`) what it takes away; whatever their order, that is never its own. Every name
// becomes a path below the folder. Links are never followed: what an entry would write through a
// link, makes a folder in the place of the link.

import type { SparsePiece } from './sparse.ts';
import { TarError } from './tar-error.ts';
import { type ByteText, type EntryKind, shown, type TarEntry, type TarSink } from './tar-reader.ts';

/** What a file or folder has besides its name and content. */
export interface Attributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modified: TarEntry['modified'];
  readonly extended: readonly (readonly [ByteText, ByteText])[];
}

/** `path` has no empty part, no `.` and no `..`; the folder itself is ''. */
export type Operation =
  | ({ readonly path: ByteText } & Attributes &
      (
        | { readonly kind: 'file' | 'sparse file'; readonly size: number }
        | { readonly kind: 'folder' | 'fifo' }
        | { readonly kind: 'link' | 'hard link'; readonly target: ByteText }
        | {
            readonly kind: 'character device' | 'block device';
            readonly device: TarEntry['device'];
          }
      ))
  /** Nothing of that name is seen of the layers below; opaque: nothing of that folder's content. */
  | { readonly kind: 'whiteout' | 'opaque'; readonly path: ByteText }
  /** A folder gets its permissions and time at the end: what is put into it would change them. */
  | ({ readonly kind: 'seal'; readonly path: ByteText } & Pick<Attributes, 'mode' | 'modified'>);

export interface OperationSink {
  operation(operation: Operation): void;
  /** Of a sparse file. */
  piece(piece: SparsePiece): void;
  content(bytes: Buffer): void;
}

/** The most that one layer may be. */
export interface LayerBounds {
  readonly entries: number;
  /** Of the content of all files. */
  readonly bytes: number;
}

const MAX_NAME_BYTES = 255;
/** Less than the system's 4096, so that a path fits into its calls wherever the folder is. */
const MAX_PATH_BYTES = 4_000;
/** Folders that a layer has without listing them. */
const MAX_UNLISTED = 100_000;
/** What is kept of folders until the end. */
const MAX_FOLDER_NAMES_BYTES = 64 << 20;

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Files by which aufs kept its own books. */
const AUFS = '.wh..wh.';

/** The folder itself, where the archive tells of it. */
export interface TopFolder {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export class LayerReader implements TarSink {
  readonly #sink: OperationSink;
  readonly #bounds: LayerBounds;
  readonly #canHide: boolean;
  readonly #folders = new Map<ByteText, Pick<Attributes, 'mode' | 'modified'>>();
  /** Those that something is in. */
  readonly #parents = new Set<ByteText>();
  #folderNamesBytes = 0;
  #entries = 0;
  #bytes = 0;
  #top: TopFolder | undefined;
  #isOpaque = false;
  #takesContent = false;

  /** `canHide`: whether files with special names take away what is below. */
  constructor(bounds: LayerBounds, sink: OperationSink, canHide = true) {
    this.#bounds = bounds;
    this.#sink = sink;
    this.#canHide = canHide;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get top(): TopFolder | undefined {
    return this.#top;
  }

  /** Whether nothing is seen of all layers below. */
  get isOpaque(): boolean {
    return this.#isOpaque;
  }

  /**
   * After the last entry: folders that the archive does not list, and that there are because
   * something is in them, each after the one that it is in. Of these, what the layers below say
   * counts. Throws TarError.
   */
  get unlisted(): readonly ByteText[] {
    const unlisted = [...this.#parents].filter((path) => !this.#folders.has(path)).sort();
    if (unlisted.length > MAX_UNLISTED) {
      throw new TarError(`it has more than ${MAX_UNLISTED} folders that it does not list`);
    }
    return unlisted;
  }

  /** Throws TarError. */
  entry(entry: TarEntry): void {
    this.#count(entry);
    this.#takesContent = false;
    const path = pathOf(entry.name);
    if (!this.#canHide || !this.#hide(path)) {
      this.#add(entry, path);
    }
  }

  /** Whether the name is one that takes away something, or says so of nothing. */
  #hide(path: ByteText): boolean {
    const at = path.lastIndexOf('/') + 1;
    const name = path.slice(at);
    if (path.split('/').some((part) => part.startsWith(AUFS)) && name !== OPAQUE) {
      return true;
    }
    if (name === OPAQUE) {
      const folder = folderOf(path);
      this.#isOpaque ||= folder === '';
      this.#hold(folder);
      this.#sink.operation({ kind: 'opaque', path: folder });
      return true;
    }
    if (name.startsWith(WHITEOUT)) {
      const hidden = name.slice(WHITEOUT.length);
      if (hidden === '' || hidden === '.' || hidden === '..') {
        throw new TarError(`'${shown(path)}' hides no name`);
      }
      this.#hold(folderOf(path));
      this.#sink.operation({ kind: 'whiteout', path: path.slice(0, at) + hidden });
      return true;
    }
    return false;
  }

  piece(piece: SparsePiece): void {
    if (this.#takesContent) {
      this.#sink.piece(piece);
    }
  }

  content(bytes: Buffer): void {
    if (this.#takesContent) {
      this.#sink.content(bytes);
    }
  }

  /** After the last entry. */
  end(): void {
    // Those in a folder before the folder, which may be closed to its owner by then.
    for (const path of [...this.#folders.keys()].sort().reverse()) {
      const folder = this.#folders.get(path);
      if (folder !== undefined) {
        this.#sink.operation({ kind: 'seal', path, ...folder });
      }
    }
  }

  /** Something is in the folder, and so it is in those above it. */
  #hold(folder: ByteText): void {
    for (let at = folder; at !== '' && !this.#parents.has(at); ) {
      this.#remember(at);
      this.#parents.add(at);
      at = folderOf(at);
    }
  }

  /** Throws TarError where names need too much memory. */
  #remember(path: ByteText): void {
    this.#folderNamesBytes += path.length;
    if (this.#folderNamesBytes > MAX_FOLDER_NAMES_BYTES) {
      throw new TarError(`the names of its folders have more than ${MAX_FOLDER_NAMES_BYTES} bytes`);
    }
  }

  #count({ size }: TarEntry): void {
    const { entries, bytes } = this.#bounds;
    this.#entries++;
    this.#bytes += size;
    if (this.#entries > entries) {
      throw new TarError(`it has more than ${entries} files`);
    }
    if (this.#bytes > bytes) {
      throw new TarError(`its files have more than ${bytes} bytes`);
    }
  }

  #add(entry: TarEntry, path: ByteText): void {
    const { kind, target, size, device } = entry;
    if (path === '' && kind !== 'folder') {
      throw new TarError(`'${shown(entry.name)}' stands for the whole layer, and is no folder`);
    }
    const of = { path, ...attributesOf(entry) };
    this.#hold(folderOf(path));
    switch (kind) {
      case 'folder':
        this.#keep(of);
        this.#sink.operation({ kind, ...of });
        return;
      case 'file':
        this.#takesContent = true;
        this.#sink.operation({ kind: entry.isSparse ? 'sparse file' : kind, size, ...of });
        break;
      case 'fifo':
        this.#sink.operation({ kind, ...of });
        break;
      case 'link':
        this.#sink.operation({ kind, target: linkTextOf(path, target), ...of });
        break;
      case 'hard link': {
        const linked = pathOf(target);
        if (linked === '' || linked === path) {
          throw new TarError(`'${shown(path)}' is a hard link to '${shown(target)}'`);
        }
        this.#sink.operation({ kind, target: linked, ...of });
        break;
      }
      case 'character device':
      case 'block device':
        this.#device(kind, device, of);
        break;
    }
    this.#folders.delete(path);
  }

  #device(
    kind: EntryKind & `${string} device`,
    device: TarEntry['device'],
    of: { readonly path: ByteText } & Attributes,
  ): void {
    const { path } = of;
    if (device.major > MAX_MAJOR || device.minor > MAX_MINOR) {
      throw new TarError(`'${shown(path)}' is a device of a number that there cannot be`);
    }
    if (kind === 'character device' && device.major === 0 && device.minor === 0) {
      // There is no such device: kernels have the number stand for what is taken away.
      this.#sink.operation({ kind: 'whiteout', path });
    } else {
      this.#sink.operation({ kind, device, ...of });
    }
  }

  #keep({ path, mode, uid, gid, modified }: { readonly path: ByteText } & Attributes): void {
    if (!this.#folders.has(path)) {
      this.#remember(path);
    }
    if (path === '') {
      this.#top = { mode, uid, gid };
    }
    this.#folders.set(path, { mode, modified });
  }
}

/** As the kernel has them. */
const MAX_MAJOR = (1 << 12) - 1;
const MAX_MINOR = (1 << 20) - 1;
/** The number that stands for no user, and one more. */
const MAX_ID = 2 ** 32 - 2;

/** The path of what it is in. */
const folderOf = (path: ByteText): ByteText => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

/** A path below the folder. Throws TarError where it would lead out of it, or cannot exist. */
function pathOf(name: ByteText): ByteText {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const path = parts.join('/');
  if (parts.includes('..')) {
    throw new TarError(`'${shown(name)}' leads out of the layer`);
  }
  if (name.includes('\0')) {
    throw new TarError(`'${shown(name)}' is no name of a file`);
  }
  if (path.length > MAX_PATH_BYTES || parts.some((part) => part.length > MAX_NAME_BYTES)) {
    throw new TarError(`the name '${shown(name)}' is too long`);
  }
  return path;
}

function linkTextOf(path: ByteText, target: ByteText): ByteText {
  if (target === '' || target.includes('\0') || target.length > MAX_PATH_BYTES) {
    throw new TarError(`'${shown(path)}' is a link to '${shown(target)}', which is no path`);
  }
  return target;
}

function attributesOf({ name, mode, uid, gid, modified, attributes }: TarEntry): Attributes {
  if (uid > MAX_ID || gid > MAX_ID) {
    throw new TarError(`'${shown(name)}' belongs to a user or group that there cannot be`);
  }
  return {
    mode,
    uid,
    gid,
    modified,
    extended: [...attributes].filter(([key]) => isKept(name, key)),
  };
}

const KEPT = new Set([
  'security.capability',
  'system.posix_acl_access',
  'system.posix_acl_default',
]);

/**
 * Attributes that make sense on another machine. By those of overlays a layer could have the kernel
 * show what is elsewhere. Throws TarError.
 */
function isKept(name: ByteText, key: ByteText): boolean {
  if (/^(trusted|user)\.overlay\./.test(key)) {
    throw new TarError(
      `'${shown(name)}' has the attribute '${shown(key)}', which no layer may have`,
    );
  }
  if (key.includes('\0') || key.length > MAX_NAME_BYTES) {
    throw new TarError(`'${shown(name)}' has an attribute without a name that there can be`);
  }
  return KEPT.has(key) || key.startsWith('user.');
}
