// The files of the leading master: its log.
import type { IncomingMessage } from 'node:http';
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import { type FileInfo, MasterCall_Type } from '../../../model/generated/messages.ts';
import { type FileServer, PIECE_BYTES, type Piece } from '../files/file-server.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Cluster } from './cluster.ts';

const MISSING = 404;

export class MasterFiles implements FileServer {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async list(path: string): Promise<readonly FileInfo[]> {
    const call = { type: MasterCall_Type.LIST_FILES, list_files: { path } };
    const { list_files } = await this.#told(this.#cluster.master(call));
    return list_files?.file_infos ?? [];
  }

  async read(path: string, offset: number): Promise<Piece> {
    const read_file = { path, offset, length: PIECE_BYTES };
    const call = { type: MasterCall_Type.READ_FILE, read_file };
    const answer = await this.#told(this.#cluster.master(call));
    return answer.read_file ?? { size: 0, data: new Uint8Array(0) };
  }

  stream(path: string): Promise<IncomingMessage> {
    return this.#told(this.#cluster.stream(path));
  }

  async #told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw error instanceof CallRefusedError && error.status === MISSING
        ? new CommandError(
            EXIT.notFound,
            'there is nothing of that path at the master: its log is there where it has --log_dir',
          )
        : error;
    }
  }
}
