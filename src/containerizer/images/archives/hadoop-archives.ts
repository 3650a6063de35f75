// Archives in a folder of another system, such as HDFS, which the configured Hadoop client brings
// into a file of this machine while an image is pulled from them.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ContainerizerError } from '../../containerizer-error.ts';
import { Slots } from '../../downloads/slots.ts';
import { type HadoopClient, hadoopCopy } from '../../fetcher/hadoop.ts';
import { killGroup } from '../../process-group.ts';
import { requireRoom } from '../blob-file.ts';
import type { ArchiveFile, ArchiveFolder, ArchiveUse } from './archive-folder.ts';

export interface HadoopOptions {
  readonly client: HadoopClient;
  /** A folder of the agent's own, which is emptied at its start. */
  readonly staging: string;
}

/** Each client takes much memory. One framework has half of them. */
const MOST_CLIENTS = 8;
/** Between two looks at how full the disk is, which the client fills. */
const LOOK_MS = 500;
/** Of what the client says, the end is kept. */
const MOST_SAID = 1_000;

export class HadoopArchives implements ArchiveFolder {
  readonly endings = [''];
  readonly #url: string;
  readonly #options: HadoopOptions;
  readonly #clients = new Slots(MOST_CLIENTS, MOST_CLIENTS);

  constructor(url: string, options: HadoopOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#options = options;
  }

  place(name: string): string {
    return `${this.#url}/${name}`;
  }

  async file(name: string, { owner, abort }: ArchiveUse): Promise<ArchiveFile | undefined> {
    const use = { host: '', owners: owner === undefined ? undefined : new Set([owner]) };
    return await this.#clients.run(use, abort, async () => {
      const { staging } = this.#options;
      await mkdir(staging, { recursive: true, mode: 0o700 });
      const folder = await mkdtemp(join(staging, 'image-'));
      const path = join(folder, 'archive');
      const remove = () => rm(folder, { recursive: true, force: true });
      try {
        if (await this.#copy(this.place(name), path, abort)) {
          return { path, remove };
        }
        await remove();
        return undefined;
      } catch (error) {
        await remove();
        throw error;
      }
    });
  }

  /** Whether there is such a file. */
  async #copy(from: string, to: string, abort: AbortSignal): Promise<boolean> {
    abort.throwIfAborted();
    const { client, staging } = this.#options;
    const [program, ...parameters] = hadoopCopy(client, from, to);
    // In a group of its own, which the program that it starts is in, too.
    const child = spawn(program, parameters, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: client.environment,
      detached: true,
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-MOST_SAID);
    });
    const ended = Promise.withResolvers<number | NodeJS.Signals>();
    child.on('error', (error) => {
      said = `Failed to execute '${program}': ${error.message}`;
      ended.resolve(1);
    });
    child.on('close', (code, signal) => ended.resolve(code ?? signal ?? 1));
    let problem: unknown;
    const kill = () => killGroup(child.pid);
    abort.addEventListener('abort', kill);
    const looks = setInterval(() => {
      requireRoom(staging, 0, `the rest of '${from}'`).catch((error: unknown) => {
        problem ??= error;
        kill();
      });
    }, LOOK_MS);
    const status = await ended.promise;
    clearInterval(looks);
    abort.removeEventListener('abort', kill);
    abort.throwIfAborted();
    if (problem !== undefined) {
      throw problem;
    }
    if (status === 0) {
      return true;
    }
    if (/No such file or directory/.test(said)) {
      return false;
    }
    const how = typeof status === 'number' ? `exit status ${status}` : status;
    throw new ContainerizerError(`Failed to bring '${from}' (${how}): ${said.trim()}`);
  }
}
