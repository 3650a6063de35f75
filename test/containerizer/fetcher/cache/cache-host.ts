// A cache with real files, a real server and the thread that moves files; another one can take its
// place, as a later agent's does.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FetcherCache, type Lease } from '../../../../src/containerizer/fetcher/cache/cache.ts';
import type { ThreadTransfers } from '../../../../src/containerizer/fetcher/transfers.ts';

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

export const never = new AbortController().signal;

export class CacheHost implements AsyncDisposable {
  readonly path: string;
  readonly warnings: string[] = [];
  /** What the server was asked, as `METHOD path`. */
  readonly asked: string[] = [];
  /** How the server answers what is not in `contents`. */
  respond: Respond = (_, response) => void response.writeHead(404).end();
  readonly contents = new Map<string, string | Buffer>();
  readonly bytes: number;
  #folder: string;
  readonly #transfers: ThreadTransfers;
  #cache: FetcherCache | undefined;
  readonly #server: Server;

  private constructor(transfers: ThreadTransfers, bytes: number) {
    this.#transfers = transfers;
    this.bytes = bytes;
    this.path = mkdtempSync(join(tmpdir(), 'mesoscale-cache-'));
    chmodSync(this.path, 0o755);
    this.#folder = join(this.path, 'fetch');
    this.#server = createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      const content = this.contents.get(request.url ?? '');
      if (content === undefined) {
        this.respond(request, response);
      } else {
        response.writeHead(200, { 'content-length': content.length }).end(content);
      }
    });
  }

  static async open(transfers: ThreadTransfers, bytes = 1_000): Promise<CacheHost> {
    const host = new CacheHost(transfers, bytes);
    await new Promise<void>((resolve) => host.#server.listen(0, '127.0.0.1', resolve));
    return host;
  }

  get folder(): string {
    return this.#folder;
  }

  /** Before the cache is used. */
  set folder(folder: string) {
    this.#folder = folder;
  }

  get records(): string {
    return join(this.path, 'records');
  }

  get cache(): FetcherCache {
    this.#cache ??= new FetcherCache({
      folder: this.folder,
      bytes: this.bytes,
      records: this.records,
      measure: (path, abort) => this.#transfers.measure(path, abort),
      warn: (text) => this.warnings.push(text),
    });
    return this.#cache;
  }

  uri(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** `user` is null for the agent's own. */
  lease(
    path: string,
    user: string | null = 'me',
    abort = never,
    owner = '',
  ): Promise<Lease | undefined> {
    const owners = new Set([owner]);
    const file = { uri: this.uri(path), stallMs: 10_000, owners };
    const source = {
      owner,
      share: (other: string) => {
        owners.add(other);
        this.#transfers.joined();
      },
      bytes: (signal: AbortSignal) => this.#transfers.remoteBytes(file, signal),
      fill: (to: string, maxBytes: number, signal: AbortSignal) =>
        this.#transfers.download({ ...file, path: to, maxBytes }, signal),
    };
    return this.cache.lease({ user: user ?? undefined, uri: file.uri }, source, abort);
  }

  /** What a task would get; undefined where it would fetch without the cache. */
  async content(path: string, user: string | null = 'me'): Promise<string | undefined> {
    using lease = await this.lease(path, user);
    return lease && readFileSync(lease.path, 'utf8');
  }

  /** The files in the cache's folder, from there. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1))
      .sort();
  }

  /** A later agent's cache, from here on. */
  async restart(): Promise<void> {
    await this.#cache?.close();
    this.#cache = undefined;
    // What was left counts, although nobody has fetched yet.
    void this.cache;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cache?.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.path, { recursive: true, force: true });
  }
}
