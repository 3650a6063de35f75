// The files of the operators' page, as they are sent: read once, when the master starts, so that no
// request leads to a file of the disk, and the page stays that of this release when the folder is
// exchanged. The names of all files but `index.html` have a hash of their content.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptsEncoding } from '../server/content-negotiation.ts';
import { methodNotAllowed, notFound } from '../server/error-responses.ts';
import type { HttpResponse } from '../server/response.ts';

/** What browsers accept, the shortest first, and the ending of files that have it. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** A file that is no page of ours is none that could be run or shown. */
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
};
const UNKNOWN_TYPE = 'application/octet-stream';

/** The files of a page, packed and not, and their bytes. */
const MAX_FILES = 1_000;
const MAX_BYTES = 64 * 1024 * 1024;

const ASSETS = '/assets';
const INDEX = '/index.html';

/** Nothing but what this master serves, and no code or style within the text of the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SAFE = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  Vary: 'Accept-Encoding',
} as const;

/** For as long as browsers keep anything: another content has another name. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The folder has no page, or none that can be served. */
export class PageError extends Error {
  readonly code = 'MESOSCALE_PAGE';
}

/** The part of a request that decides which file is sent, and how. */
export interface PageRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  header(name: string): string | undefined;
}

export class Page {
  /** By path, and for files that are packed with the ending of those. */
  readonly #files: ReadonlyMap<string, Buffer>;

  private constructor(files: ReadonlyMap<string, Buffer>) {
    this.#files = files;
  }

  /** Reads `index.html` and the files in `assets`. Throws PageError, and errors of the system. */
  static async read(folder: string): Promise<Page> {
    const files = new Map<string, Buffer>();
    let bytes = 0;
    const take = async (path: string) => {
      const file = join(folder, path);
      bytes += (await stat(file)).size;
      if (files.size >= MAX_FILES || bytes > MAX_BYTES) {
        throw new PageError(`it has more than ${MAX_FILES} files, or ${MAX_BYTES} bytes`);
      }
      files.set(path, await readFile(file));
    };
    for (const ending of ['', ...ENCODINGS.map(([, ending]) => ending)]) {
      if (ending === '' || (await isFile(join(folder, INDEX + ending)))) {
        await take(INDEX + ending);
      }
    }
    for (const name of await namesIn(join(folder, ASSETS))) {
      await take(`${ASSETS}/${name}`);
    }
    return new Page(files);
  }

  /** The page itself. */
  index(request: PageRequest): HttpResponse {
    return this.#send(INDEX, request, 'no-cache');
  }

  /** A file of the page, by the path of the request. */
  asset(request: PageRequest): HttpResponse {
    const { path } = request;
    return path.startsWith(`${ASSETS}/`) ? this.#send(path, request, FOR_EVER) : notFound();
  }

  #send(path: string, request: PageRequest, cacheControl: string): HttpResponse {
    const plain = this.#files.get(path);
    if (plain === undefined) {
      return notFound();
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return methodNotAllowed(['GET', 'HEAD'], request.method);
    }
    const contentType = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? UNKNOWN_TYPE;
    const headers = { ...SAFE, 'Cache-Control': cacheControl };
    const accepted = request.header('accept-encoding');
    for (const [encoding, ending] of ENCODINGS) {
      const packed = this.#files.get(path + ending);
      if (packed !== undefined && acceptsEncoding(accepted, encoding)) {
        const body = packed;
        return {
          status: 200,
          contentType,
          body,
          headers: { ...headers, 'Content-Encoding': encoding },
        };
      }
    }
    return { status: 200, contentType, body: plain, headers };
  }
}

const isFile = (path: string) =>
  stat(path).then(
    (status) => status.isFile(),
    () => false,
  );

/** The names of files, without links and folders; none where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}
