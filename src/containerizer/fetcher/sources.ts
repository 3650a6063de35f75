// Where files come from: this machine, servers, or whatever a Hadoop client knows. Each source
// brings its file into a sandbox, or first into the cache.

import type { Proxies } from '../downloads/http-answer.ts';
import type { Arrival } from './arriving-file.ts';
import type { CacheSource } from './cache/cache.ts';
import { isFtp, isHttp, type RemoteFile } from './download.ts';
import { FetchError } from './fetch-error.ts';
import { localPath, presentable } from './fetch-uri.ts';
import { type HadoopClient, hadoopCopy } from './hadoop.ts';
import type { SandboxPrograms } from './sandbox-programs.ts';
import type { Staging } from './staging.ts';
import type { Transfers } from './transfer-thread.ts';

export interface FetchSource extends CacheSource {
  /** Brings the file to a path in the sandbox. Throws FetchError. */
  bring(to: string): Promise<void>;
}

export interface SourceParts {
  readonly transfers: Transfers;
  readonly programs: SandboxPrograms;
  readonly staging: Staging;
  readonly abort: AbortSignal;
  /** Whom downloads count for. */
  readonly owner: string;
  readonly stallMs: number;
  readonly retryMs: number | undefined;
  /** The folder for relative paths; empty where there is none. */
  readonly home: string;
  readonly proxies: Proxies | undefined;
  readonly hadoop: HadoopClient;
  /** The most bytes that the sandbox may have; undefined: as the disk has. */
  readonly limitBytes: number | undefined;
}

/** Throws ContainerizerError for a URI that means nothing here. */
export function sourceOf(uri: string, parts: SourceParts): FetchSource {
  const local = localPath(uri, parts.home);
  if (local !== undefined) {
    // The text below the home may be a misspelt URI with a password.
    const start = local.slice(0, local.lastIndexOf(uri));
    const shown = local.endsWith(uri) ? start + presentable(uri) : local;
    return new LocalSource(local, shown, parts);
  }
  return isHttp(uri) || isFtp(uri) ? new ServerSource(uri, parts) : new HadoopSource(uri, parts);
}

class ServerSource implements FetchSource {
  readonly #file: RemoteFile & { readonly retryMs: number | undefined };
  readonly #parts: SourceParts;
  readonly #owners: Set<string>;

  constructor(uri: string, parts: SourceParts) {
    const { owner, stallMs, retryMs, proxies } = parts;
    this.#owners = new Set([owner]);
    this.#file = { uri, owners: this.#owners, stallMs, retryMs, proxies };
    this.#parts = parts;
  }

  async bring(to: string): Promise<void> {
    const { staging, transfers, programs, abort, limitBytes } = this.#parts;
    const path = await staging.file();
    await transfers.download({ ...this.#file, path, maxBytes: limitBytes }, abort);
    await programs.take(await staging.given(), to);
  }

  get owner(): string {
    return this.#parts.owner;
  }

  share(owner: string): void {
    this.#owners.add(owner);
    this.#parts.transfers.joined();
  }

  bytes(abort: AbortSignal): Promise<number | undefined> {
    return this.#parts.transfers.remoteBytes(this.#file, abort);
  }

  fill(path: string, maxBytes: number, abort: AbortSignal): Promise<Arrival> {
    return this.#parts.transfers.download({ ...this.#file, path, maxBytes }, abort);
  }
}

/**
 * What a program of the task's user brings: the agent would get more than the user may. It goes
 * into the cache by way of the staging, where its size is known before its room is taken.
 */
abstract class ProgramSource implements FetchSource {
  protected readonly parts: SourceParts;
  #isDropped = false;

  constructor(parts: SourceParts) {
    this.parts = parts;
  }

  abstract bring(to: string): Promise<void>;

  /** Brings the file to an absolute path at which there is nothing. */
  protected abstract drop(path: string): Promise<void>;

  protected async dropped(): Promise<string> {
    const path = await this.parts.staging.dropped();
    if (!this.#isDropped) {
      await this.drop(path);
      this.#isDropped = true;
    }
    return path;
  }

  get isDropped(): boolean {
    return this.#isDropped;
  }

  async bytes(): Promise<number> {
    await this.dropped();
    await using file = await this.parts.staging.openDropped();
    return file.bytes;
  }

  async fill(path: string, maxBytes: number, abort: AbortSignal): Promise<Arrival> {
    await using file = await this.parts.staging.openDropped();
    return await this.parts.transfers.copy({ from: file.path, path, maxBytes }, abort);
  }
}

class LocalSource extends ProgramSource {
  readonly #path: string;
  readonly #shown: string;

  constructor(path: string, shown: string, parts: SourceParts) {
    super(parts);
    this.#path = path;
    this.#shown = shown;
  }

  async bring(to: string): Promise<void> {
    if (this.isDropped) {
      await this.parts.programs.take(await this.dropped(), to);
    } else {
      await this.parts.programs.copyLocal(this.#path, this.#shown, to);
    }
  }

  protected drop(path: string): Promise<void> {
    return this.parts.programs.copyLocal(this.#path, this.#shown, path);
  }
}

class HadoopSource extends ProgramSource {
  readonly #uri: string;

  constructor(uri: string, parts: SourceParts) {
    super(parts);
    this.#uri = uri;
  }

  async bring(to: string): Promise<void> {
    await this.parts.programs.move(await this.dropped(), to);
  }

  protected async drop(path: string): Promise<void> {
    const { hadoop, programs } = this.parts;
    const result = await programs.client(hadoopCopy(hadoop, this.#uri, path), hadoop.environment);
    if (result === undefined) {
      throw new FetchError(
        'Failed to create HDFS client: Hadoop client is not available, exit status: 32512',
        {
          detail: `there are file, http, https, ftp and ftps; for others there must be '${hadoop.program}'`,
        },
      );
    }
    if (result.status !== 0) {
      throw new FetchError('HDFS copyToLocal failed', { said: result.said });
    }
  }
}
