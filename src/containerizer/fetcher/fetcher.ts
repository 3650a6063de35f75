// Fetches the files of commands into sandboxes.
import { existsSync, readdirSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { deleteTree } from '../../filesystem/tree-deletion.ts';
import { errorText } from '../../model/error-text.ts';
import type { CommandInfo_URI } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Proxies } from '../downloads/http-answer.ts';
import { Slots } from '../downloads/slots.ts';
import type { Identity } from '../host/users.ts';
import { unpackingOf } from './archives.ts';
import { FetcherCache, type Lease } from './cache/cache.ts';
import { FetchError } from './fetch-error.ts';
import { outputFile, presentable } from './fetch-uri.ts';
import { type HadoopClient, hadoopClient } from './hadoop.ts';
import { type RunInSandbox, SandboxPrograms } from './sandbox-programs.ts';
import { type FetchSource, sourceOf } from './sources.ts';
import { Staging } from './staging.ts';
import { ThreadTransfers } from './transfers.ts';

/** The agent's flags for fetching. */
export interface FetchOptions {
  /** A download that receives nothing for this long has failed. */
  readonly stallMs: number;
  /** How long to wait before a server in trouble is asked again; undefined: as is usual. */
  readonly retryMs?: number | undefined;
  /** The folder for relative paths; empty where there is none. */
  readonly home: string;
  readonly proxies?: Proxies | undefined;
  readonly hadoop?: HadoopClient | undefined;
  /** Undefined: there is none. */
  readonly cache?: CacheSpace | undefined;
}

export interface CacheSpace {
  /** An absolute path. */
  readonly folder: string;
  readonly bytes: number;
}

export const DEFAULT_FETCH_OPTIONS: FetchOptions = { stallMs: 60_000, home: '' };

export interface FetcherParts extends FetchOptions {
  /** The folder for records of cached files. */
  readonly records: string;
  readonly warn: (text: string) => void;
}

export interface Fetch {
  readonly uris: readonly CommandInfo_URI[];
  /** Whom downloads count for, so that they do not take all turns of others: a framework. */
  readonly owner: string;
  readonly sandbox: string;
  /** The sandbox of the root container: this one, or one that it lies in. */
  readonly root: string;
  /** A folder for unfinished downloads, created and removed here. */
  readonly staging: string;
  /** The name of the user of `identity`; both are undefined for the agent's own. */
  readonly user: string | undefined;
  readonly identity: Identity | undefined;
  /** The most bytes that the sandbox may have; undefined: as the disk has. */
  readonly limitBytes: number | undefined;
  readonly abort: AbortSignal;
  readonly run: RunInSandbox;
}

/**
 * Programs in sandboxes at once, and those of one kind: copies that wait for a slow disk leave
 * room for the steps of others. One framework has half of it.
 */
const MOST_PROGRAMS = 96;
const MOST_OF_KIND = 48;
/** Clients of other systems at once: each takes much memory, and as long as its system does. */
const MOST_CLIENTS = 16;

/**
 * Deletes downloads that an interrupted agent has left; downloads that begin later are not touched.
 * `warn` gets the failures.
 */
export async function deleteDownloads(folder: string, warn: (text: string) => void): Promise<void> {
  const left = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of left) {
    await deleteTree(join(folder, name)).catch((error: Error) =>
      warn(`Failed to delete the unfinished download '${name}': ${error.message}`),
    );
  }
}

export class Fetcher {
  readonly #parts: FetcherParts;
  readonly #transfers = new ThreadTransfers();
  readonly #programs = new Slots(MOST_PROGRAMS, MOST_OF_KIND);
  readonly #clients = new Slots(MOST_CLIENTS, MOST_CLIENTS);
  readonly #hadoop: HadoopClient;
  readonly #cache: FetcherCache | undefined;

  constructor(parts: FetcherParts) {
    this.#parts = parts;
    this.#hadoop = parts.hadoop ?? hadoopClient(undefined, {});
    const { cache, records, warn } = parts;
    this.#cache =
      cache === undefined
        ? undefined
        : new FetcherCache({
            ...cache,
            records,
            measure: (path, abort) => this.#transfers.measure(path, abort),
            warn,
          });
  }

  get cacheBytes(): { readonly total: number; readonly used: number } {
    return { total: this.#cache?.totalBytes ?? 0, used: this.#cache?.usedBytes ?? 0 };
  }

  /** Throws ContainerizerError after writing the reason to the sandbox's `stderr`. */
  async fetch(fetch: Fetch): Promise<void> {
    const programs = new SandboxPrograms(fetch, (program) =>
      (program.kind === 'client' ? this.#clients : this.#programs).run(
        { host: program.kind, owners: new Set([fetch.owner]) },
        fetch.abort,
        () => fetch.run(program),
      ),
    );
    for (const { value, output_file } of fetch.uris) {
      try {
        outputFile(value, output_file);
      } catch (error) {
        throw await told(programs, error, ['', '']);
      }
    }
    for (const uri of fetch.uris) {
      try {
        await this.#fetchOne(fetch, programs, uri);
      } catch (error) {
        fetch.abort.throwIfAborted();
        const what = `Failed to fetch '${presentable(uri.value)}': `;
        // The last line of Mesos's fetcher, which people search for.
        throw await told(programs, error, [what, `EXIT with status 1: ${what}`]);
      }
    }
  }

  async close(): Promise<void> {
    await this.#transfers.close();
    await this.#cache?.close();
  }

  async #fetchOne(fetch: Fetch, programs: SandboxPrograms, uri: CommandInfo_URI): Promise<void> {
    const to = normalize(outputFile(uri.value, uri.output_file));
    await programs.makeFolderFor(to);
    await using staging = new Staging(fetch.staging, fetch.identity);
    const { abort, limitBytes, owner } = fetch;
    const { stallMs, retryMs, home, proxies } = this.#parts;
    // Mesos ignores leading blanks.
    const source = sourceOf(uri.value.trimStart(), {
      ...{ transfers: this.#transfers, programs, staging, hadoop: this.#hadoop },
      ...{ abort, limitBytes, owner, stallMs, retryMs, home, proxies },
    });
    const unpacking =
      uri.executable === true || uri.extract === false ? undefined : unpackingOf(to);
    using lease = await this.#lease(fetch, uri, source);
    if (lease === undefined) {
      await source.bring(to);
    } else {
      const cached = await this.#shown(lease, staging, abort);
      // As in Mesos, of an archive in the cache only the content comes into the sandbox.
      if (unpacking !== undefined && unpacking.isForeignToMesos !== true) {
        await programs.unpack(unpacking, cached, to);
        return;
      }
      await programs.copy(cached, to);
    }
    if (uri.executable === true) {
      await programs.makeExecutable(to);
    } else if (unpacking !== undefined) {
      await programs.unpack(unpacking, to, to);
    }
  }

  async #lease(
    { user, abort }: Fetch,
    { value, cache }: CommandInfo_URI,
    source: FetchSource,
  ): Promise<Lease | undefined> {
    return cache === true
      ? await this.#cache?.lease({ user, uri: value }, source, abort)
      : undefined;
  }

  /** A path by which the user can read a cached file. */
  async #shown({ path }: Lease, staging: Staging, abort: AbortSignal): Promise<string> {
    const shown = await staging.shown(path);
    if (shown !== undefined) {
      return shown;
    }
    await this.#transfers.copy({ from: path, path: await staging.file() }, abort);
    return await staging.given();
  }
}

/**
 * Writes the error with its detail to the sandbox, and returns it in one line for the framework.
 */
async function told(
  programs: SandboxPrograms,
  error: unknown,
  [here, inSandbox]: readonly [string, string],
): Promise<ContainerizerError> {
  const text = errorText(error);
  const { detail, said } = error instanceof FetchError ? error : {};
  await programs.tell([...(detail === undefined ? [] : [detail]), inSandbox + text]);
  const more = [detail, said].filter((part) => part !== undefined).join(': ');
  return new ContainerizerError(`${here}${text}${more === '' ? '' : ` (${more})`}`, {
    cause: error,
  });
}
