// Brings the files that a command asks for into its sandbox.
//
// Whatever touches the machine's own files (copies, archives) runs as the task's user in a process
// of its own, so that a task gets no file that it could not read itself. Downloads are bytes from
// elsewhere: the agent streams them and gives the file away.
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { deleteTree } from '../../filesystem/tree-deletion.ts';
import type { CommandInfo_URI } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Identity } from '../host/users.ts';
import type { CommandLine } from '../plan/command-line.ts';
import { saidSince, saidUntil } from '../sandboxes/sandbox-output.ts';
import { download, type Proxies } from './download.ts';
import { FetchError } from './fetch-error.ts';
import { localPath, outputFile, presentable } from './fetch-uri.ts';

/** What the agent's flags say of fetching. */
export interface FetchOptions {
  /** A download that brings nothing for so long has failed. */
  readonly stallMs: number;
  /** The folder of files that are named by a relative path; empty: there is none. */
  readonly home: string;
  readonly proxies?: Proxies | undefined;
}

export const DEFAULT_FETCH_OPTIONS: FetchOptions = { stallMs: 60_000, home: '' };

export interface Fetch extends FetchOptions {
  readonly uris: readonly CommandInfo_URI[];
  readonly sandbox: string;
  /** A folder for unfinished downloads: made and removed here, of no use to others. */
  readonly staging: string;
  readonly identity: Identity | undefined;
  readonly abort: AbortSignal;
  /** Runs a program in the sandbox as the task's user; returns its raw wait status. */
  readonly run: (line: CommandLine) => Promise<number>;
}

interface Extraction {
  readonly argv: (path: string) => readonly string[];
  /** Raw wait statuses by which the program says that this is none of its archives. */
  readonly foreign?: readonly number[];
}

// What is extracted is the user's own, without the bits that lend it to others: also for root, whom
// tar would obey the archive in both.
const tar: Extraction = {
  argv: (path) => ['tar', '--no-same-owner', '--no-same-permissions', '-xf', path],
};

// By the end of the name, as Mesos does; the first that fits counts.
const extractions: readonly (readonly [ending: string, Extraction])[] = [
  ['.tar', tar],
  ['.tar.gz', tar],
  ['.tgz', tar],
  ['.tar.bz2', tar],
  ['.tbz2', tar],
  ['.tar.xz', tar],
  ['.txz', tar],
  ['.zip', { argv: (path) => ['unzip', '-o', '-q', path], foreign: [9 << 8] }],
  [
    '.gz',
    { argv: (path) => shell('gzip -dc -- "$1" > "./$2"', path, basename(path).slice(0, -3)) },
  ],
];

const shell = (script: string, ...values: string[]) => ['sh', '-c', script, 'sh', ...values];

/**
 * Exit statuses of scripts below: the source is a folder, or a device or the like; a place is none.
 */
const IS_FOLDER = 21;
const IS_SPECIAL = 22;
const IS_NO_FOLDER = 23;

/**
 * Deletes what an agent that was interrupted has left; those that begin from now on stay. `warn` is
 * told what cannot be deleted.
 */
export async function deleteDownloads(folder: string, warn: (text: string) => void): Promise<void> {
  const left = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of left) {
    await deleteTree(join(folder, name)).catch((error: Error) =>
      warn(`Failed to delete the unfinished download '${name}': ${error.message}`),
    );
  }
}

/** Throws ContainerizerError, after the sandbox's `stderr` has been told why. */
export async function fetchAll(fetch: Fetch): Promise<void> {
  for (const { value, output_file } of fetch.uris) {
    try {
      outputFile(value, output_file);
    } catch (error) {
      throw await told(fetch, error, ['', '']);
    }
  }
  for (const uri of fetch.uris) {
    try {
      await fetchOne(fetch, uri);
    } catch (error) {
      fetch.abort.throwIfAborted();
      const what = `Failed to fetch '${presentable(uri.value)}': `;
      // The last line of Mesos's fetcher, which people look for.
      throw await told(fetch, error, [what, `EXIT with status 1: ${what}`]);
    }
  }
}

/** For the framework in one line; for those who look into the sandbox with the detail above it. */
async function told(
  fetch: Fetch,
  error: unknown,
  [here, inSandbox]: readonly [string, string],
): Promise<ContainerizerError> {
  const text = error instanceof Error ? error.message : String(error);
  const { detail, said } = error instanceof FetchError ? error : {};
  const lines = [...(detail === undefined ? [] : [detail]), inSandbox + text];
  // As the task's user: by now the sandbox may hold a link of this name.
  const argv = shell('printf "%s\\n" "$@" >&2', ...lines);
  await fetch.run({ program: 'sh', arguments: argv }).catch(() => undefined);
  const more = [detail, said].filter((part) => part !== undefined).join(': ');
  return new ContainerizerError(`${here}${text}${more === '' ? '' : ` (${more})`}`, {
    cause: error,
  });
}

async function fetchOne(fetch: Fetch, uri: CommandInfo_URI): Promise<void> {
  // Mesos forgives blanks in front.
  const value = uri.value.trimStart();
  const path = join(fetch.sandbox, outputFile(uri.value, uri.output_file));
  await makeFolder(fetch, dirname(path));
  const local = localPath(value, fetch.home);
  if (local !== undefined) {
    // Below the home there may be a URI that somebody has misspelled, password and all.
    const start = local.slice(0, local.lastIndexOf(value));
    const shown = local.endsWith(value) ? start + presentable(value) : local;
    await copy(fetch, { local, shown }, path);
  } else {
    await downloadTo(fetch, value, path);
  }
  if (uri.executable === true) {
    await check(fetch, ['chmod', '755', '--', path], `Failed to make '${path}' executable`);
  } else if (uri.extract !== false) {
    await extract(fetch, path);
  }
}

async function makeFolder(fetch: Fetch, folder: string): Promise<void> {
  if (folder === fetch.sandbox) {
    return;
  }
  // What is in the way, where something is: the last that exists of the path.
  const obstacle =
    'p=$1; until [ -e "$p" ]; do p=$(dirname -- "$p"); done;' +
    ` [ -d "$p" ] || exit ${IS_NO_FOLDER}; exit 1`;
  const line = shell(`mkdir -p -- "$1" && exit 0; ${obstacle}`, folder);
  const { status, said } = await run(fetch, line);
  if (status === IS_NO_FOLDER << 8) {
    throw new FetchError('Error downloading resource: Not a directory');
  }
  if (status !== 0) {
    throw new FetchError(`Failed to create directory '${folder}'`, { said });
  }
}

/** The copy is the user's own, and closed to what the machine's file may be open to. */
async function copy(
  fetch: Fetch,
  { local, shown }: { readonly local: string; readonly shown: string },
  to: string,
): Promise<void> {
  const argv = shell(
    `[ -d "$1" ] && exit ${IS_FOLDER}; [ -e "$1" ] && [ ! -f "$1" ] && exit ${IS_SPECIAL};` +
      ' exec cp -T -- "$1" "$2"',
    local,
    to,
  );
  const { status, said } = await run(fetch, argv);
  if (status === IS_FOLDER << 8) {
    throw new FetchError('`source` was a directory', { detail: `'${shown}' is a folder` });
  }
  if (status === IS_SPECIAL << 8) {
    // One would never end, another never begin.
    throw new FetchError(`'${shown}' is no regular file`);
  }
  if (status !== 0) {
    // What is not to be shown is not: also where only a part of it was said.
    const isShown = local === shown || said.includes(local);
    throw new FetchError(`cp failed with status: ${status}`, {
      detail: `'${shown}' could not be copied`,
      said: isShown ? said.replaceAll(local, shown) : '',
    });
  }
}

async function extract(fetch: Fetch, path: string): Promise<void> {
  const extraction = extractions.find(([ending]) => path.endsWith(ending))?.[1];
  if (extraction === undefined) {
    return;
  }
  const { status, said } = await run(fetch, extraction.argv(path));
  if (status !== 0) {
    const isForeign = extraction.foreign?.includes(status) === true;
    throw new FetchError(
      `Failed to extract archive '${path}' to '${fetch.sandbox}'` +
        (isForeign ? ': Unrecognized archive format' : ''),
      { said },
    );
  }
}

async function check(fetch: Fetch, argv: readonly string[], what: string): Promise<void> {
  const { status, said } = await run(fetch, argv);
  if (status !== 0) {
    throw new FetchError(what, { said });
  }
}

/** The raw wait status of a program, and what it has said last about an end that is no good one. */
async function run(fetch: Fetch, argv: readonly string[]) {
  const before = await saidUntil(fetch.sandbox, 'stderr');
  const status = await fetch.run({ program: argv[0] ?? '', arguments: argv });
  return { status, said: status === 0 ? '' : await saidSince(fetch.sandbox, 'stderr', before) };
}

/**
 * The agent writes into a folder of its own, and the task's user takes the file from there: a
 * sandbox may already hold links that lead elsewhere. The folder stays the agent's, so that nothing
 * in it can be exchanged while it is deleted.
 */
async function downloadTo(fetch: Fetch, uri: string, path: string): Promise<void> {
  if (/^ftps?:/i.test(uri)) {
    throw new FetchError('FTP is not supported');
  }
  if (!/^https?:\/\//i.test(uri)) {
    // What Mesos says of any other scheme, for it leaves them to Hadoop.
    throw new FetchError(
      'Failed to create HDFS client: Hadoop client is not available, exit status: 32512',
      { detail: 'there are file, http and https' },
    );
  }
  await mkdir(dirname(fetch.staging), { recursive: true });
  await mkdir(fetch.staging, { mode: 0o711 });
  const staged = join(fetch.staging, 'file');
  try {
    const { stallMs, proxies, abort } = fetch;
    await download({ uri, path: staged, stallMs, proxies, abort });
    if (fetch.identity !== undefined) {
      await chown(staged, fetch.identity.uid, fetch.identity.gid);
    }
    // A second name costs nothing; on another file system (a volume) it takes a copy.
    const take = shell(
      '{ ln -fT -- "$1" "$2" 2>/dev/null || cp -T -- "$1" "$2"; } && exec chmod 644 -- "$2"',
      staged,
      path,
    );
    await check(fetch, take, `Failed to move the download to '${path}'`);
  } finally {
    await deleteTree(fetch.staging);
  }
}
