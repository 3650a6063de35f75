// A registry in this process that a test can make misbehave.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf, json } from '../formats/samples.ts';

const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

type Change = Record<string, unknown>;
/** Returns whether it has answered. */
type Intercept = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

export class TestRegistry {
  readonly host: string;
  readonly blobs = new Map<string, Uint8Array>();
  /** By `repository/manifests/reference`. */
  readonly manifests = new Map<string, { readonly type: string; readonly bytes: Uint8Array }>();
  readonly requests: IncomingMessage[] = [];
  intercept: Intercept = () => false;
  readonly #server: Server;

  static async open(): Promise<TestRegistry> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TestRegistry(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push(request);
      const path = (request.url ?? '').replace(/^\/v2\//, '');
      if (!this.intercept(request, response, path)) {
        this.#answer(response, path);
      }
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** The paths that were asked for, below `/v2/`. */
  get asked(): string[] {
    return this.requests.map(({ url = '' }) => url.replace(/^\/v2\//, ''));
  }

  blob(content: string | Uint8Array): string {
    const digest = digestOf(content);
    this.blobs.set(digest, Buffer.from(content));
    return digest;
  }

  /** Returns the digest. */
  manifest(repository: string, tag: string, value: unknown, type = MANIFEST): string {
    const bytes = json(value);
    const digest = digestOf(bytes);
    this.manifests.set(`${repository}/manifests/${tag}`, { type, bytes });
    this.manifests.set(`${repository}/manifests/${digest}`, { type, bytes });
    return digest;
  }

  /** An image of these layers; returns its digest. */
  image(repository: string, layers: readonly (string | Uint8Array)[], change: Change = {}): string {
    const config = json({ os: 'linux', config: { Cmd: [repository] } });
    return this.manifest(repository, 'latest', {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, size: config.length, digest: this.blob(config) },
      layers: layers.map((content) => ({
        mediaType: LAYER,
        size: Buffer.from(content).length,
        digest: this.blob(content),
      })),
      ...change,
    });
  }

  #answer(response: ServerResponse, path: string): void {
    const manifest = this.manifests.get(path);
    const blob = this.blobs.get(/\/blobs\/(.*)$/.exec(path)?.[1] ?? '');
    const bytes = manifest?.bytes ?? blob;
    if (bytes === undefined) {
      response.writeHead(404).end('{"errors": []}');
      return;
    }
    response.writeHead(200, {
      'content-type': manifest?.type ?? 'application/octet-stream',
      'content-length': bytes.length,
    });
    response.end(bytes);
  }
}
