// What is in a folder of an agent. It may be a hundred thousand files, so that what rows show of
// them is made when they are drawn.

export interface FileInfo {
  readonly path: string;
  readonly nlink?: number;
  readonly size?: number;
  readonly mtime?: { readonly nanoseconds: number };
  readonly mode?: number;
  readonly uid?: string;
  readonly gid?: string;
}

const FOLDER = 0o040000;
const LINK = 0o120000;
const KIND = 0o170000;

export const isFolder = ({ mode = 0 }: FileInfo): boolean => (mode & KIND) === FOLDER;

export const nameOf = ({ path }: FileInfo): string => path.slice(path.lastIndexOf('/') + 1);

export const changedMs = ({ mtime }: FileInfo): number => (mtime?.nanoseconds ?? 0) / 1e6;

export const ownerOf = ({ uid = '', gid = '' }: FileInfo): string => `${uid}:${gid}`;

/** `-rw-r--r--` */
export function modeText({ mode = 0 }: FileInfo): string {
  const kind = (mode & KIND) === FOLDER ? 'd' : (mode & KIND) === LINK ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((letter, place) =>
    (mode & (0o400 >> place)) === 0 ? '-' : letter,
  );
  return kind + bits.join('');
}

/** Folders first, each by name. */
export const inOrder = (files: readonly FileInfo[]): readonly FileInfo[] =>
  files.toSorted(
    (left, right) => Number(isFolder(right)) - Number(isFolder(left)) || byPath(left, right),
  );

/** All of one folder: their paths are in the order of their names. */
const byPath = (left: FileInfo, right: FileInfo) =>
  left.path === right.path ? 0 : left.path < right.path ? -1 : 1;

export const ORDERS = {
  name: byPath,
  size: (left: FileInfo, right: FileInfo) => (left.size ?? 0) - (right.size ?? 0),
  changed: (left: FileInfo, right: FileInfo) => changedMs(left) - changedMs(right),
};

/** Those with a text in their names, whatever their case. */
export function filesNamed(files: readonly FileInfo[], wanted: string): readonly FileInfo[] {
  const text = wanted.toLowerCase();
  return text === '' ? files : files.filter((file) => nameOf(file).toLowerCase().includes(text));
}

/** The same list where nothing is another, so that nothing is drawn again. */
export function settled(
  last: readonly FileInfo[] | undefined,
  next: readonly FileInfo[],
): readonly FileInfo[] {
  const isSame =
    last?.length === next.length && next.every((file, at) => isSameFile(file, last[at]));
  return isSame && last !== undefined ? last : next;
}

const isSameFile = (file: FileInfo, other: FileInfo | undefined) =>
  file.path === other?.path &&
  file.size === other.size &&
  file.mode === other.mode &&
  file.uid === other.uid &&
  file.gid === other.gid &&
  changedMs(file) === changedMs(other);

/** Files for which a folder is read anew as often as any other. */
const FEW = 1000;
const FEW_MS = 5000;
const MOST_MS = 60_000;

/** How often a folder is looked at: a large one seldom, as all of it is read each time. */
export const lookAgainMs = (files: number): number =>
  Math.min(MOST_MS, FEW_MS * Math.max(1, files / FEW));
