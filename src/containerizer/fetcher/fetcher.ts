// Fetches the files of a command into its sandbox.
//
// Steps that touch the machine's own files (copying, unpacking) run in a process of the task's
// user, so that a task gets no file which it could not read itself. Downloads come from elsewhere:
// the agent stores them and gives the file to the user. A user may not be able to reach the sandbox
// by its path, for others own folders on the way; so what is there is named relative to it.
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { deleteTree } from '../../filesystem/tree-deletion.ts';
import { errorText } from '../../model/error-text.ts';
import type { CommandInfo_URI } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Proxies } from '../downloads/http-answer.ts';
import type { Identity } from '../host/users.ts';
import type { CommandLine } from '../plan/command-line.ts';
import { saidSince, saidUntil } from '../sandboxes/sandbox-output.ts';
import { download } from './download.ts';
import { FetchError } from './fetch-error.ts';
import { localPath, outputFile, presentable } from './fetch-uri.ts';

/** The agent's flags for fetching. */
export interface FetchOptions {
  /** A download that receives nothing for this long has failed. */
  readonly stallMs: number;
  /** The folder for relative paths; empty where there is none. */
  readonly home: string;
  readonly proxies?: Proxies | undefined;
}

export const DEFAULT_FETCH_OPTIONS: FetchOptions = { stallMs: 60_000, home: '' };

export interface Fetch extends FetchOptions {
  readonly uris: readonly CommandInfo_URI[];
  readonly sandbox: string;
  /** The sandbox of the root container: this one, or one that it lies in. */
  readonly root: string;
  /** A folder for an unfinished download, created and removed here. */
  readonly staging: string;
  readonly identity: Identity | undefined;
  readonly abort: AbortSignal;
  /** Runs a program in the sandbox as the task's user; returns its raw wait status. */
  readonly run: (line: CommandLine) => Promise<number>;
}

interface Extraction {
  readonly argv: (path: string) => readonly string[];
  /** Raw wait statuses with which the program says that the file is not an archive of its kind. */
  readonly foreign?: readonly number[];
}

// Extracted files belong to the user and get no setuid bits and the like. Without these options,
// tar as root takes owner and mode from the archive.
const tar: Extraction = {
  argv: (path) => ['tar', '--no-same-owner', '--no-same-permissions', '-xf', path],
};

// By the end of the file's name, as in Mesos; the first that matches is used.
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
 * Exit statuses of the scripts below: the source is a folder; it is a device or the like; a part of
 * the target's path is no folder.
 */
const IS_FOLDER = 21;
const IS_SPECIAL = 22;
const IS_NO_FOLDER = 23;

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

/** Throws ContainerizerError after writing the reason to the sandbox's `stderr`. */
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
      // The last line of Mesos's fetcher, which people search for.
      throw await told(fetch, error, [what, `EXIT with status 1: ${what}`]);
    }
  }
}

/**
 * Writes the error with its detail to the sandbox, and returns it in one line for the framework.
 */
async function told(
  fetch: Fetch,
  error: unknown,
  [here, inSandbox]: readonly [string, string],
): Promise<ContainerizerError> {
  const text = errorText(error);
  const { detail, said } = error instanceof FetchError ? error : {};
  const lines = [...(detail === undefined ? [] : [detail]), inSandbox + text];
  // As the task's user: `stderr` in the sandbox may be a link by now.
  const argv = shell('printf "%s\\n" "$@" >&2', ...lines);
  await fetch.run({ program: 'sh', arguments: argv }).catch(() => undefined);
  const more = [detail, said].filter((part) => part !== undefined).join(': ');
  return new ContainerizerError(`${here}${text}${more === '' ? '' : ` (${more})`}`, {
    cause: error,
  });
}

async function fetchOne(fetch: Fetch, uri: CommandInfo_URI): Promise<void> {
  // Mesos ignores leading blanks.
  const value = uri.value.trimStart();
  const path = normalize(outputFile(uri.value, uri.output_file));
  await makeFolder(fetch, dirname(path));
  const local = localPath(value, fetch.home);
  if (local !== undefined) {
    // The text below the home may be a misspelt URI with a password.
    const start = local.slice(0, local.lastIndexOf(value));
    const shown = local.endsWith(value) ? start + presentable(value) : local;
    await copy(fetch, { local, shown }, path);
  } else {
    await downloadTo(fetch, value, path);
  }
  if (uri.executable === true) {
    const what = `Failed to make '${join(fetch.sandbox, path)}' executable`;
    await check(fetch, ['chmod', '755', '--', asArgument(path)], what);
  } else if (uri.extract !== false) {
    await extract(fetch, path);
  }
}

/** As no program takes it for an option or another machine's. */
const asArgument = (path: string) => `./${path}`;

async function makeFolder(fetch: Fetch, folder: string): Promise<void> {
  if (folder === '.') {
    return;
  }
  // Finds the last existing part of the path: if that is no folder, it is in the way.
  const obstacle =
    'p=$1; until [ -e "$p" ]; do p=$(dirname -- "$p"); done;' +
    ` [ -d "$p" ] || exit ${IS_NO_FOLDER}; exit 1`;
  const line = shell(`mkdir -p -- "$1" && exit 0; ${obstacle}`, asArgument(folder));
  const { status, said } = await run(fetch, line);
  if (status === IS_NO_FOLDER << 8) {
    throw new FetchError('Error downloading resource: Not a directory');
  }
  if (status !== 0) {
    throw new FetchError(`Failed to create directory '${join(fetch.sandbox, folder)}'`, { said });
  }
}

/** The copy belongs to the user, and does not have the permissions of the original. */
async function copy(
  fetch: Fetch,
  { local, shown }: { readonly local: string; readonly shown: string },
  to: string,
): Promise<void> {
  const argv = shell(
    `[ -d "$1" ] && exit ${IS_FOLDER}; [ -e "$1" ] && [ ! -f "$1" ] && exit ${IS_SPECIAL};` +
      ' exec cp -T -- "$1" "$2"',
    local,
    asArgument(to),
  );
  const { status, said } = await run(fetch, argv);
  if (status === IS_FOLDER << 8) {
    throw new FetchError('`source` was a directory', { detail: `'${shown}' is a folder` });
  }
  if (status === IS_SPECIAL << 8) {
    // Reading a device might never end, and reading a FIFO never begin.
    throw new FetchError(`'${shown}' is no regular file`);
  }
  if (status !== 0) {
    // The program's output may contain the path that must not be shown, even in part.
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
  const { status, said } = await run(fetch, extraction.argv(asArgument(path)));
  if (status !== 0) {
    const isForeign = extraction.foreign?.includes(status) === true;
    throw new FetchError(
      `Failed to extract archive '${join(fetch.sandbox, path)}' to '${fetch.sandbox}'` +
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

/** The raw wait status of a program, and its last output if it failed. */
async function run(fetch: Fetch, argv: readonly string[]) {
  const before = await saidUntil(fetch, 'stderr');
  const status = await fetch.run({ program: argv[0] ?? '', arguments: argv });
  return { status, said: status === 0 ? '' : await saidSince(fetch, 'stderr', before) };
}

/**
 * Downloads into a folder of the agent's, from which the task's user takes the file: in the
 * sandbox, links may lead elsewhere. The folder stays the agent's, so that nothing in it can be
 * exchanged while it is deleted.
 */
async function downloadTo(fetch: Fetch, uri: string, path: string): Promise<void> {
  if (/^ftps?:/i.test(uri)) {
    throw new FetchError('FTP is not supported');
  }
  if (!/^https?:\/\//i.test(uri)) {
    // Mesos's words for any other scheme, which it leaves to Hadoop.
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
    // A hard link costs nothing; on another file system (a volume) the file is copied.
    const take = shell(
      '{ ln -fT -- "$1" "$2" 2>/dev/null || cp -T -- "$1" "$2"; } && exec chmod 644 -- "$2"',
      staged,
      asArgument(path),
    );
    await check(fetch, take, `Failed to move the download to '${join(fetch.sandbox, path)}'`);
  } finally {
    await deleteTree(fetch.staging);
  }
}
