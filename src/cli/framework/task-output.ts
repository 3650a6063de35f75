// The output of a task, read from its sandbox through its agent.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { KeptConnections } from '../../http/client/kept-connections.ts';
import type { OperatorClient } from '../../http/client/operator-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import type { Dialer } from '../../http/transport/dialer.ts';

export type OutputFile = 'stdout' | 'stderr';

export interface TaskPlace {
  /** The agent's `ip:port`. */
  readonly agent: string;
  readonly frameworkId: string;
  readonly executorId: string;
  /** For tasks of a group, the path from the executor's sandbox to the task's. */
  readonly inside?: string | undefined;
}

const sandboxOf = ({ frameworkId, executorId, inside = '' }: TaskPlace) =>
  `/frameworks/${frameworkId}/executors/${executorId}/runs/latest${inside}`;

/** Follows a file while it grows. */
export class OutputTail {
  readonly #client: OperatorClient;
  readonly #path: string;
  readonly #write: (data: Uint8Array) => void;
  #offset = 0;

  /** `client` must be one of the agent named in `place`. */
  constructor(
    client: OperatorClient,
    place: TaskPlace,
    file: OutputFile,
    write: (data: Uint8Array) => void,
  ) {
    this.#client = client;
    this.#path = `${sandboxOf(place)}/${file}`;
    this.#write = write;
  }

  /** Writes what was added since the last call; nothing where the file does not exist yet. */
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

/** The most connections to one agent; further ones would only wait there. */
const CONNECTIONS = 8;
const DOWNLOAD_MS = 60_000;

/** Copies the output of tasks. */
export class OutputDownloads {
  readonly #connections: KeptConnections;
  readonly #credential: Credential | undefined;

  constructor(dialer: Dialer, credential: Credential | undefined) {
    this.#connections = new KeptConnections(dialer, { maxSockets: CONNECTIONS });
    this.#credential = credential;
  }

  /** Copies a file of a sandbox. False where the agent does not have it. */
  async copy(place: TaskPlace, file: OutputFile, target: string): Promise<boolean> {
    const response = await this.#get(place.agent, `${sandboxOf(place)}/${file}`);
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

  close(): void {
    this.#connections.destroy();
  }

  #get(agent: string, path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const credential = this.#credential;
      const request = get(
        `http://${agent}/files/download?path=${encodeURIComponent(path)}`,
        {
          agent: this.#connections,
          timeout: DOWNLOAD_MS,
          ...(credential ? { auth: `${credential.principal}:${credential.secret}` } : {}),
        },
        resolve,
      );
      request.once('timeout', () => request.destroy(new Error('the agent does not answer')));
      request.once('error', reject);
    });
  }
}
