// Files of an agent that the master relays: sandboxes of tasks, and logs.
import { agentCall } from './requests.ts';

interface FileInfo {
  readonly path: string;
  readonly nlink?: number;
  readonly size?: number;
  readonly mtime?: { readonly nanoseconds: number };
  readonly mode?: number;
  readonly uid?: string;
  readonly gid?: string;
}

export interface FileEntry {
  readonly path: string;
  readonly name: string;
  readonly isFolder: boolean;
  readonly size: number;
  readonly changedMs: number;
  /** `-rw-r--r--` */
  readonly mode: string;
  readonly owner: string;
}

/** Folders first, each by name. @throws RequestFailure */
export async function listFiles(
  agent: string,
  path: string,
  signal?: AbortSignal,
): Promise<readonly FileEntry[]> {
  const { file_infos = [] } = await agentCall<{ file_infos?: readonly FileInfo[] }>(
    agent,
    'LIST_FILES',
    { list_files: { path } },
    signal,
  );
  return file_infos
    .map(entryOf)
    .sort(
      (left, right) =>
        Number(right.isFolder) - Number(left.isFolder) || (left.name < right.name ? -1 : 1),
    );
}

const FOLDER = 0o040000;
const LINK = 0o120000;
const KIND = 0o170000;

function entryOf({ path, size = 0, mtime, mode = 0, uid = '', gid = '' }: FileInfo): FileEntry {
  return {
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    isFolder: (mode & KIND) === FOLDER,
    size,
    changedMs: (mtime?.nanoseconds ?? 0) / 1e6,
    mode: modeText(mode),
    owner: `${uid}:${gid}`,
  };
}

function modeText(mode: number): string {
  const kind = (mode & KIND) === FOLDER ? 'd' : (mode & KIND) === LINK ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((letter, place) =>
    (mode & (0o400 >> place)) === 0 ? '-' : letter,
  );
  return kind + bits.join('');
}

interface Piece {
  /** Of the whole file. */
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** Bytes of a file from an offset on; fewer at its end. @throws RequestFailure */
export async function readFile(
  agent: string,
  { path, offset, length }: { path: string; offset: number; length: number },
): Promise<Piece> {
  const { size = 0, data = '' } = await agentCall<{ size?: number; data?: string }>(
    agent,
    'READ_FILE',
    { read_file: { path, offset, length } },
  );
  const text = atob(data);
  return { size: Number(size), bytes: Uint8Array.from(text, (byte) => byte.charCodeAt(0)) };
}

/** Where a browser finds the file as it is. */
export const downloadUrl = (agent: string, path: string): string =>
  `agent/${encodeURIComponent(agent)}/files/download?path=${encodeURIComponent(path)}`;

/** A folder with all that is in it, as a tar archive. */
export const archiveUrl = (agent: string, path: string): string =>
  `agent/${encodeURIComponent(agent)}/files/archive?path=${encodeURIComponent(path)}`;
