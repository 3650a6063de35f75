// Brings the files that a command asks for into its sandbox.
//
// Whatever touches the machine's own files (copies, archives) runs as the task's user in a process
// of its own, so that a task gets no file that it could not read itself. Downloads are bytes from
// elsewhere: the agent streams them and gives the file away.
import { createWriteStream } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { deleteTree } from '../filesystem/tree-deletion.ts';
import type { CommandInfo_URI } from '../model/generated/messages.ts';
import type { CommandLine } from './command-line.ts';
import { ContainerizerError } from './containerizer-error.ts';
import type { Identity } from './spawner.ts';

export interface Fetch {
  readonly uris: readonly CommandInfo_URI[];
  readonly sandbox: string;
  /** A folder for unfinished downloads: made and removed here, of no use to others. */
  readonly staging: string;
  readonly identity: Identity | undefined;
  readonly abort: AbortSignal;
  /** Runs a program in the sandbox as the task's user; returns its raw wait status. */
  readonly run: (line: CommandLine) => Promise<number>;
}

/** A download that brings nothing for so long has failed. */
const stallMs = 60_000;

type Extraction = (path: string) => readonly string[];

const tar: Extraction = (path) => ['tar', '-xf', path];

// By the end of the name, as Mesos does; the longest that fits counts.
const extractions: readonly (readonly [ending: string, Extraction])[] = [
  ['.tar', tar],
  ['.tar.gz', tar],
  ['.tgz', tar],
  ['.tar.bz2', tar],
  ['.tbz2', tar],
  ['.tar.xz', tar],
  ['.txz', tar],
  ['.zip', (path) => ['unzip', '-o', '-q', path]],
  ['.gz', (path) => ['sh', '-c', 'gzip -dc "$1" > "$2"', 'sh', path, path.slice(0, -3)]],
];

export async function fetchAll(fetch: Fetch): Promise<void> {
  for (const uri of fetch.uris) {
    try {
      await fetchOne(fetch, uri);
    } catch (error) {
      fetch.abort.throwIfAborted();
      const cause = error instanceof Error ? error.message : String(error);
      throw new ContainerizerError(`Failed to fetch '${uri.value}': ${cause}`, { cause: error });
    }
  }
}

async function fetchOne(fetch: Fetch, uri: CommandInfo_URI): Promise<void> {
  // Mesos forgives blanks in front.
  const value = uri.value.trimStart();
  const path = join(fetch.sandbox, outputFile(value, uri.output_file));
  await makeFolder(fetch, dirname(path));
  const local = localPath(value);
  if (local !== undefined) {
    await check(fetch, ['cp', '-a', '--', local, path], `Failed to copy '${local}'`);
  } else {
    await download(fetch, value, path);
  }
  if (uri.executable === true) {
    await check(fetch, ['chmod', '755', '--', path], `Failed to make '${path}' executable`);
    return;
  }
  const extraction = extractions.find(([ending]) => path.toLowerCase().endsWith(ending))?.[1];
  if (uri.extract !== false && extraction !== undefined) {
    await check(fetch, extraction(path), `Failed to extract '${path}'`);
  }
}

/** Where in the sandbox a file goes; throws for one that would leave it. */
export function outputFile(uri: string, chosen: string | undefined): string {
  if (/[\\'\0]/.test(uri)) {
    throw new ContainerizerError('Illegal characters in URI');
  }
  if (chosen === undefined) {
    const name = basename(uri.replace(/^[^:/]*:\/\/[^/]*/, '').replace(/[?#].*$/, ''));
    if (name === '' || name === '.' || name === '..') {
      throw new ContainerizerError(`Malformed URI (missing path): ${uri}`);
    }
    return name;
  }
  if (chosen === '') {
    throw new ContainerizerError('URI output file path is empty');
  }
  if (chosen.startsWith('/') || chosen.split('/').includes('..')) {
    throw new ContainerizerError('URI output file must be within the sandbox directory');
  }
  return chosen;
}

/** The path that a URI names on this machine; undefined for one that must be downloaded. */
function localPath(uri: string): string | undefined {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (!uri.startsWith('/')) {
      throw new ContainerizerError(
        'A relative path was passed for the resource but the Mesos framework home was not specified',
      );
    }
    return uri;
  }
  if (scheme !== 'file') {
    return undefined;
  }
  const path = uri.slice('file://'.length).replace(/^localhost(?=\/)/, '');
  if (!path.startsWith('/')) {
    throw new ContainerizerError('File URI only supports absolute paths');
  }
  return path;
}

async function makeFolder(fetch: Fetch, folder: string): Promise<void> {
  if (folder !== fetch.sandbox) {
    await check(fetch, ['mkdir', '-p', '--', folder], `Failed to create directory '${folder}'`);
  }
}

async function check(fetch: Fetch, argv: readonly string[], what: string): Promise<void> {
  const status = await fetch.run({ program: argv[0] ?? '', arguments: argv });
  if (status !== 0) {
    throw new ContainerizerError(`${what}: see stderr in the sandbox`);
  }
}

/**
 * The agent writes into a folder of its own, and the task's user moves the file from there: a
 * sandbox may already hold links that lead elsewhere.
 */
async function download(fetch: Fetch, uri: string, path: string): Promise<void> {
  if (!/^https?:\/\//i.test(uri)) {
    throw new ContainerizerError('The scheme of the URI is not supported');
  }
  await mkdir(dirname(fetch.staging), { recursive: true });
  await mkdir(fetch.staging, { mode: 0o700 });
  const staged = join(fetch.staging, 'file');
  try {
    await receive(fetch, uri, staged);
    if (fetch.identity !== undefined) {
      const { uid, gid } = fetch.identity;
      await chown(staged, uid, gid);
      await chown(fetch.staging, uid, gid);
    }
    await check(fetch, ['mv', '--', staged, path], `Failed to move the download to '${path}'`);
  } finally {
    await deleteTree(fetch.staging);
  }
}

async function receive(fetch: Fetch, uri: string, path: string): Promise<void> {
  const stall = new AbortController();
  const timer = setTimeout(
    () => stall.abort(new ContainerizerError(`Nothing received for ${stallMs / 1000} seconds`)),
    stallMs,
  );
  const signal = AbortSignal.any([fetch.abort, stall.signal]);
  try {
    const response = await globalThis.fetch(uri, { signal, redirect: 'follow' });
    if (!response.ok || response.body === null) {
      throw new ContainerizerError(
        `Error downloading resource, received HTTP return code ${response.status}`,
      );
    }
    await pipeline(refreshing(response.body, timer), createWriteStream(path, { flags: 'wx' }), {
      signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function* refreshing(chunks: AsyncIterable<Uint8Array>, timer: NodeJS.Timeout) {
  for await (const chunk of chunks) {
    timer.refresh();
    yield chunk;
  }
}
