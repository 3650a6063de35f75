// Endpoints that master and agent answer in the same way, without a step of the state machine:
// flags, version, log, metrics and files of the process.
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create as contentDisposition } from 'content-disposition';
import { parseDuration } from '../../model/duration.ts';
import type { FigureSink } from '../../model/figures.ts';
import type { FileInfo, Flag, Metric, VersionInfo } from '../../model/generated/messages.ts';
import { timerDelay } from '../../model/timer-delay.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Authorizer } from '../../security/authorizer.ts';
import { partyOf } from '../../security/party.ts';
import type { Principal } from '../../security/principal.ts';
import { expositionPieces, snapshotList, snapshotPieces } from '../metrics/collection.ts';
import { EXPOSITION_TYPE } from '../metrics/exposition.ts';
import { type FamilyTable, Places } from '../metrics/family.ts';
import { type Auditor, readAuthorizer } from './auditor.ts';
import type { Realm } from './authentication.ts';
import { TEXT } from './content-negotiation.ts';
import {
  badLevel,
  badNumber,
  badRequest,
  badTimeout,
  durationMissing,
  forbidden,
  negativeNumber,
  notANumber,
  notFound,
  pathMissing,
  profilerDisabled,
  strayWrite,
} from './error-responses.ts';
import { type AttachedFiles, archive, browse, download, listingEntry, readPiece } from './files.ts';
import { foreignLink, isWrite } from './own-requests.ts';
import type { Asking } from './process-calls.ts';
import { jsonResponse, largeJsonResponse } from './reply.ts';
import { type HttpResponse, OK } from './response.ts';
import { largeJson, type Pieces } from './response-stream.ts';
import type { Endpoint, EndpointRequest } from './router.ts';
import { SharedResponses } from './shared-responses.ts';

/** What is asked for where figures are read in any form. */
const SNAPSHOT = '/metrics/snapshot';

/** The verbosity of the log, which operators can raise for a while. */
export interface Verbosity {
  verbosity: number;
}

/** Whether others should send their requests to this process, and why. */
export interface Readiness {
  readonly ready: boolean;
  /** A word for programs. */
  readonly state: string;
}

/** What a process tells about itself; the command that started it provides the values. */
export interface ProcessFacts {
  /** `master` or `slave(1)`. */
  readonly id: string;
  readonly version: VersionInfo;
  /** The values of flags by name, as /flags shows them. */
  readonly flags: Readonly<Record<string, string>>;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
  readonly log: Verbosity;
  /** Figures of /metrics/snapshot; others may come between two steps. */
  readonly figures: (set: FigureSink) => Iterable<undefined>;
  /** Further ones, of /metrics only. */
  readonly processFigures: (set: FigureSink) => void;
  readonly families: FamilyTable;
  readonly readiness: () => Readiness;
  /** Of the machine, under Mesos's names. */
  readonly machine: () => Readonly<Record<string, number>>;
  /** What a principal may read, as the authorizer judges. */
  readonly files: (principal: Principal | undefined, authorizer: Authorizer) => AttachedFiles;
  readonly auditor?: Auditor | undefined;
}

export class ProcessEndpoints {
  readonly #facts: ProcessFacts;
  readonly #readonly: Realm;
  readonly #readwrite: Realm;
  readonly #places: Places;
  /** Those that are being made; whoever asks meanwhile gets the same. */
  readonly #figures = new SharedResponses<Promise<Pieces>>();
  readonly #metricLists = new SharedResponses<Promise<Metric[]>>();
  #revert: NodeJS.Timeout | undefined;
  /** The text of each listing; requests that share a listing share its text. */
  readonly #listings = new WeakMap<FileInfo[], string | Promise<Pieces>>();

  constructor(
    facts: ProcessFacts,
    realms: { readonly readonly: Realm; readonly readwrite: Realm },
  ) {
    this.#facts = facts;
    this.#places = new Places(facts.families);
    this.#readonly = realms.readonly;
    this.#readwrite = realms.readwrite;
  }

  close(): void {
    clearTimeout(this.#revert);
  }

  /** The endpoints of every process, followed by `others`; /help lists both. */
  endpoints(others: readonly Endpoint[]): Endpoint[] {
    const own = { delegate: false } as const;
    const read = { ...own, realm: this.#readonly };
    const write = { ...own, realm: this.#readwrite };
    const endpoints: Endpoint[] = [
      ...others,
      { ...own, path: '/version', exact: true, handle: (request) => this.#version(request) },
      { path: '/health', delegate: true, handle: () => OK },
      { path: '/ready', delegate: true, handle: ({ query }) => this.#ready(query.jsonp) },
      { path: '/flags', delegate: true, realm: this.#readonly, handle: (r) => this.#flags(r) },
      { ...read, path: '/metrics', exact: true, handle: (request) => this.#exposition(request) },
      { ...read, path: SNAPSHOT, handle: (request) => this.#metrics(request) },
      { ...read, path: '/files/browse', handle: (request) => this.#browse(request) },
      { ...read, path: '/files/read', handle: (request) => this.#read(request) },
      { ...read, path: '/files/download', handle: (request) => this.#download(request) },
      { ...read, path: '/files/archive', handle: (request) => this.#archive(request) },
      { ...read, path: '/files/debug', handle: (request) => this.#debug(request) },
      { ...read, path: '/system/stats.json', handle: (request) => this.#system(request) },
      { ...read, path: '/__processes__', handle: (request) => this.#processes(request) },
      { ...write, path: '/logging/toggle', handle: (request) => this.#toggle(request) },
      { ...write, path: '/profiler/start', handle: () => profilerDisabled },
      { ...write, path: '/profiler/stop', handle: () => profilerDisabled },
      { ...own, path: '/help', handle: () => this.#help(endpoints) },
    ];
    return endpoints;
  }

  maySeeFlags(asking: Asking): boolean {
    return this.#reader(asking).authorize(asking.principal, 'VIEW_FLAGS');
  }

  /** Audited as a change, of which the texts are told. */
  maySetLoggingLevel(asking: Asking, level = '', duration = ''): boolean {
    const { auditor, authorizer } = this.#facts;
    const object = { value: `level ${level} for ${duration}` };
    return (
      auditor?.decide(asking, 'SET_LOG_LEVEL', { object, origin: asking.origin }) ??
      authorizer.authorize(asking.principal, 'SET_LOG_LEVEL', object)
    );
  }

  /**
   * Whether the principal may make a call that has no action of its own: it is authorized as the
   * endpoint that shows the same.
   */
  mayUse(asking: Asking, endpoint: string): boolean {
    return this.#reader(asking).authorize(asking.principal, 'GET_ENDPOINT_WITH_PATH', {
      value: endpoint,
    });
  }

  /** What decides about reads of the request. */
  #reader({ call, origin }: Asking): Authorizer {
    const { authorizer, auditor } = this.#facts;
    return readAuthorizer(authorizer, auditor, call, origin);
  }

  #files(asking: Asking): AttachedFiles {
    return this.#facts.files(asking.principal, this.#reader(asking));
  }

  flagList(): Flag[] {
    return Object.entries(this.#facts.flags).map(([name, value]) => ({ name, value }));
  }

  metricList(): Promise<Metric[]> {
    return this.#metricLists.get('', () => snapshotList(this.#facts.figures));
  }

  get version(): VersionInfo {
    return this.#facts.version;
  }

  get loggingLevel(): number {
    return this.#facts.log.verbosity;
  }

  /** Sets the verbosity; a level other than the usual one ends after `durationMs`. */
  setLoggingLevel(level: number, durationMs: number): void {
    const { log, logger } = this.#facts;
    clearTimeout(this.#revert);
    log.verbosity = Math.max(0, level);
    if (log.verbosity > 0) {
      this.#revert = setTimeout(() => {
        log.verbosity = 0;
        logger.info('The verbosity of the log is back to 0');
      }, timerDelay(durationMs));
      this.#revert.unref();
    }
  }

  async listFiles(asking: Asking, path: string): ReturnType<typeof browse> {
    return browse(this.#files(asking), path, () => asking.isGone());
  }

  async readFile(
    asking: Asking,
    path: string,
    offset: number,
    length: number | undefined,
  ): ReturnType<typeof readPiece> {
    // A negative offset is read as a huge one, where the file has no data.
    const from = offset < 0 ? Number.MAX_SAFE_INTEGER : offset;
    return readPiece(this.#files(asking), path, from, length);
  }

  #mayUse(request: EndpointRequest): boolean {
    return this.mayUse(askingOf(request), request.endpoint);
  }

  #ready(jsonp: string | undefined): HttpResponse {
    const readiness = this.#facts.readiness();
    return { ...jsonResponse(readiness, jsonp), status: readiness.ready ? 200 : 503 };
  }

  #version(request: EndpointRequest): HttpResponse {
    return jsonResponse(this.#facts.version, request.query.jsonp);
  }

  #flags(request: EndpointRequest): HttpResponse {
    if (!this.maySeeFlags(askingOf(request))) {
      return forbidden();
    }
    return jsonResponse({ flags: this.#facts.flags }, request.query.jsonp);
  }

  /** Prometheus's format. Whoever may read the one form of the figures may read the other. */
  #exposition(request: EndpointRequest): HttpResponse | Promise<HttpResponse> {
    if (!this.mayUse(askingOf(request), SNAPSHOT)) {
      return forbidden();
    }
    const { figures, processFigures } = this.#facts;
    const text = this.#figures.get('text', () =>
      expositionPieces(this.#places, figures, processFigures),
    );
    return text.then((body) => ({ status: 200, contentType: EXPOSITION_TYPE, body }));
  }

  #metrics(request: EndpointRequest): HttpResponse | Promise<HttpResponse> {
    if (!this.#mayUse(request)) {
      return forbidden();
    }
    const { timeout, jsonp } = request.query;
    if (timeout !== undefined && parseDuration(timeout) === undefined) {
      return badTimeout(timeout, notANumber(leadingNumber(timeout)));
    }
    const text = this.#figures.get('JSON', () => snapshotPieces(this.#facts.figures));
    return largeJsonResponse(text, jsonp);
  }

  async #browse(request: EndpointRequest): Promise<HttpResponse> {
    const { path, jsonp } = request.query;
    if (!path) {
      return pathMissing;
    }
    const result = await this.listFiles(askingOf(request), path);
    if ('refusal' in result) {
      return result.refusal;
    }
    const { value } = result;
    const text = this.#listings.get(value) ?? largeJson(value.map(listingEntry));
    this.#listings.set(value, text);
    return largeJsonResponse(text, jsonp);
  }

  async #read(request: EndpointRequest): Promise<HttpResponse> {
    const { path, jsonp } = request.query;
    if (!path) {
      return pathMissing;
    }
    const offset = wholeNumber('offset', request.query.offset ?? '-1');
    if (typeof offset !== 'number') {
      return offset;
    }
    const length = wholeNumber('length', request.query.length ?? '-1');
    if (typeof length !== 'number') {
      return length;
    }
    // The log viewer of the web page first asks for offset -1, to learn the size.
    const atEnd = offset === -1;
    const result = await readPiece(
      this.#files(askingOf(request)),
      path,
      atEnd ? 0 : offset,
      atEnd ? 0 : length === -1 ? undefined : length,
    );
    if ('refusal' in result) {
      return result.refusal;
    }
    const { size, data } = result.value;
    return jsonResponse({ data: data.toString('utf8'), offset: atEnd ? size : offset }, jsonp);
  }

  async #download(request: EndpointRequest): Promise<HttpResponse | undefined> {
    const { path } = request.query;
    if (!path) {
      return pathMissing;
    }
    const result = await download(this.#files(askingOf(request)), path);
    if ('refusal' in result) {
      return result.refusal.status === 404 ? notFound() : result.refusal;
    }
    const { name, size, contentType, stream, close } = result.value;
    const response = request.hijack();
    response.writeHead(200, {
      'Content-Type': contentType,
      'Content-Disposition': contentDisposition(name),
      'Content-Length': size,
    });
    if (request.method === 'HEAD' || size === 0) {
      await close();
      response.end();
      return undefined;
    }
    const sent = await copy(stream(), response);
    // The length was announced, so only a broken connection can tell that the file has shrunk.
    if (sent === size) {
      response.end();
    } else {
      response.destroy();
    }
    return undefined;
  }

  /** A folder as a tar archive, which Mesos has not. */
  async #archive(request: EndpointRequest): Promise<HttpResponse | undefined> {
    const { path } = request.query;
    if (!path) {
      return pathMissing;
    }
    const party = partyOf(request.principal, request.origin);
    const result = await archive(
      this.#files(askingOf(request)),
      { path, party },
      async (name, pieces) => {
        const response = request.hijack();
        response.writeHead(200, {
          'Content-Type': 'application/x-tar',
          'Content-Disposition': contentDisposition(`${name}.tar`),
        });
        if (request.method === 'HEAD') {
          response.end();
          return;
        }
        response.flushHeaders();
        await send(pieces, response);
      },
    );
    if ('refusal' in result) {
      return result.refusal.status === 404 ? notFound() : result.refusal;
    }
    return undefined;
  }

  #debug(request: EndpointRequest): HttpResponse {
    if (!this.#mayUse(request)) {
      return forbidden();
    }
    const files = this.#files(askingOf(request));
    return jsonResponse(Object.fromEntries(files), request.query.jsonp);
  }

  #system(request: EndpointRequest): HttpResponse {
    const metrics = this.#facts.machine();
    return jsonResponse(
      {
        avg_load_1min: metrics['system/load_1min'],
        avg_load_5min: metrics['system/load_5min'],
        avg_load_15min: metrics['system/load_15min'],
        cpus_total: metrics['system/cpus_total'],
        mem_total_bytes: metrics['system/mem_total_bytes'],
        mem_free_bytes: metrics['system/mem_free_bytes'],
      },
      request.query.jsonp,
    );
  }

  #processes(request: EndpointRequest): HttpResponse {
    const ids = [this.#facts.id, 'files', 'help', 'logging', 'metrics', 'system', 'version'];
    return jsonResponse(
      ids.map((id) => ({ events: [], id })),
      request.query.jsonp,
    );
  }

  #toggle(request: EndpointRequest): HttpResponse {
    if (!this.#mayUse(request)) {
      return forbidden();
    }
    const { level, duration } = request.query;
    if (level === undefined && duration === undefined) {
      return { status: 200, contentType: TEXT, body: `${this.loggingLevel}\n` };
    }
    // It is the one change that may be asked for by GET.
    const foreign = isWrite(request.head) ? undefined : foreignLink(request.head);
    if (foreign !== undefined) {
      const { auditor } = this.#facts;
      auditor?.disbelieve({ call: request.endpoint, why: foreign }, request.origin);
      return strayWrite(foreign);
    }
    if (!this.maySetLoggingLevel(askingOf(request), level, duration)) {
      return forbidden();
    }
    if (duration === undefined) {
      return durationMissing;
    }
    if (level === undefined) {
      return badRequest("Expecting 'level=value' in query.\n");
    }
    if (!/^-?\d{1,9}$/.test(level)) {
      return badLevel(notANumber(level));
    }
    if (Number(level) < 0) {
      return badLevel(`Invalid level '${level}'`);
    }
    const durationMs = parseDuration(duration);
    if (durationMs === undefined) {
      return badLevel(notANumber(leadingNumber(duration)));
    }
    this.setLoggingLevel(Number(level), durationMs);
    return OK;
  }

  #help(endpoints: readonly Endpoint[]): HttpResponse {
    const items = endpoints
      .map(({ path }) => path)
      .toSorted()
      .map((path) => `<li><code>${path}</code></li>`);
    return {
      status: 200,
      contentType: 'text/html',
      body: `<html><body><h1>${this.#facts.id}</h1><ul>${items.join('')}</ul></body></html>`,
    };
  }
}

const askingOf = (request: EndpointRequest): Asking => ({
  principal: request.principal,
  origin: request.origin,
  isGone: () => request.isGone(),
  call: request.endpoint,
});

/** The part of a duration's text before its unit. */
const leadingNumber = (text: string) => /^[-\d.]*/.exec(text)?.[0] ?? '';

/** How long a client may take nothing of an archive, of which few are made at once. */
const STALL_MS = 60_000;
/** What it takes at least, beside that time: a gigabyte in a day. */
const LEAST_BYTES_PER_MS = 16;

/** Breaks the connection where not all of it was sent, so that the client sees it. */
async function send(pieces: AsyncIterable<Buffer>, response: Writable): Promise<void> {
  const timer = setTimeout(() => response.destroy(), STALL_MS).unref();
  const begunMs = performance.now();
  let bytes = 0;
  const timed = async function* () {
    for await (const piece of pieces) {
      if (performance.now() - begunMs > STALL_MS + bytes / LEAST_BYTES_PER_MS) {
        throw new Error('the client takes too little of it');
      }
      timer.refresh();
      bytes += piece.length;
      yield piece;
    }
  };
  try {
    await pipeline(timed, response);
  } catch {
    response.destroy();
  } finally {
    clearTimeout(timer);
  }
}

/** How many bytes were copied: all of the source, unless source or response failed. */
async function copy(source: Readable, response: Writable): Promise<number> {
  let bytes = 0;
  source.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  try {
    await pipeline(source, response, { end: false });
    return bytes;
  } catch {
    return -1;
  }
}

function wholeNumber(name: string, text: string): number | HttpResponse {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    return badNumber(name, text);
  }
  return value < -1 ? negativeNumber(name, value) : value;
}
