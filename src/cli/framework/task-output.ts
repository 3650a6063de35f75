// What a task prints, read from its sandbox through the agent that runs it.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { OperatorClient } from '../../http/client/operator-client.ts';
import type { Credential } from '../../http/server/authentication.ts';

export type OutputFile = 'stdout' | 'stderr';

export interface TaskPlace {
  /** `ip:port` of the agent. */
  readonly agent: string;
  readonly frameworkId: string;
  readonly executorId: string;
  /** Folders from the executor's sandbox to the task's, for tasks of a group. */
  readonly inside?: string | undefined;
}

const sandboxOf = ({ frameworkId, executorId, inside = '' }: TaskPlace) =>
  `/frameworks/${frameworkId}/executors/${executorId}/runs/latest${inside}`;

/** Follows one file while it grows. */
export class OutputTail {
  readonly #client: OperatorClient;
  readonly #path: string;
  readonly #write: (data: Uint8Array) => void;
  #offset = 0;

  constructor(
    place: TaskPlace,
    file: OutputFile,
    write: (data: Uint8Array) => void,
    credential?: Credential,
  ) {
    this.#client = new OperatorClient({ address: place.agent, credential });
    this.#path = `${sandboxOf(place)}/${file}`;
    this.#write = write;
  }

  /** Writes what has come since the last call. A file that is not there yet has nothing to say. */
  async read(): Promise<void> {
    for (;;) {
      const piece = await this.#client.readFile(this.#path, this.#offset);
      if (piece === undefined || piece.data.length === 0) {
        return;
      }
      this.#offset += piece.data.length;
      this.#write(piece.data);
    }
  }
}

/** Connections to agents are kept for the next file; more at a time would only wait there. */
const agents = new Agent({ keepAlive: true, maxSockets: 8 });
const DOWNLOAD_MS = 60_000;

/** Copies a file of a sandbox. False: the agent does not have it. */
export async function downloadOutput(
  place: TaskPlace,
  file: OutputFile,
  target: string,
  credential?: Credential,
): Promise<boolean> {
  const path = encodeURIComponent(`${sandboxOf(place)}/${file}`);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(
      `http://${place.agent}/files/download?path=${path}`,
      {
        agent: agents,
        timeout: DOWNLOAD_MS,
        ...(credential ? { auth: `${credential.principal}:${credential.secret}` } : {}),
      },
      resolve,
    );
    request.once('timeout', () => request.destroy(new Error('the agent does not answer')));
    request.once('error', reject);
  });
  if (response.statusCode !== 200) {
    response.resume();
    return false;
  }
  try {
    await pipeline(response, createWriteStream(target));
    return true;
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

export const closeDownloads = () => agents.destroy();
