// Files of an agent that the master relays: sandboxes of tasks, and logs.
import { type FileInfo, inOrder } from '../store/folder.ts';
import type { Piece, PieceOf } from './file-window.ts';
import { agentCall } from './requests.ts';

/** Folders first, each by name. @throws RequestFailure */
export async function listFiles(
  agent: string,
  path: string,
  signal?: AbortSignal,
): Promise<readonly FileInfo[]> {
  const { file_infos = [] } = await agentCall<{ file_infos?: readonly FileInfo[] }>(
    agent,
    'LIST_FILES',
    { list_files: { path } },
    signal,
  );
  return inOrder(file_infos);
}

/** Bytes of a file from an offset on; fewer at its end. @throws RequestFailure */
export async function readFile(
  agent: string,
  { path, offset, length }: PieceOf & { readonly path: string },
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
