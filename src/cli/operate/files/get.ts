// `… files get`: a file, or a folder with all that is in it, onto this machine. Names come from an
// agent's task, who may have made them to lead elsewhere: each is one name in a folder that was
// made here, and no file is written that was there before.
import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { roundedBytes } from '../../../model/bytes.ts';
import type { FileInfo } from '../../../model/generated/messages.ts';
import { plainText } from '../../../webui/words/names.ts';
import { counted } from '../../counted.ts';
import { CommandError, EXIT } from '../outcome.ts';
import {
  archiveOf,
  downloadOf,
  type FilePlace,
  type FileServer,
  isFolder,
  isLink,
  nameOf,
} from './file-server.ts';
import { BrokenOffError, removeLeftovers, writeWhole } from './whole-file.ts';

/** Of a tree: links may lead around in it. */
const MAX_DEPTH = 64;
const MAX_FILES = 100_000;
/** Of what is left out; the rest is counted. */
const MAX_TOLD = 20;

export interface GetOptions {
  /** Where it goes to; without, it has the name that it has there. */
  readonly to: string | undefined;
  /** A folder as the archive that its agent makes of it. */
  readonly isArchive: boolean;
  /** Where it would be named as nothing in particular. */
  readonly name: string;
}

/** What has come, and what was left out. */
class Got {
  files = 0;
  bytes = 0;
  left = 0;

  leaveOut(path: string, why: string): void {
    this.left++;
    if (this.left <= MAX_TOLD) {
      process.stderr.write(`left out: ${JSON.stringify(path)}, ${plainText(why)}\n`);
    }
  }
}

export async function getFiles(place: FilePlace, options: GetOptions): Promise<void> {
  const { server, path } = place;
  const own = path.slice(path.lastIndexOf('/') + 1);
  const name = localName(options.name === '' ? own : options.name);
  if (options.isArchive) {
    const to = options.to ?? `${name}.tar`;
    await removeLeftovers(to);
    const bytes = await save(() => server.stream(archiveOf(path)), to).catch(withoutArchives);
    process.stdout.write(`${to}: ${roundedBytes(bytes)}\n`);
    return;
  }
  const to = options.to ?? name;
  const entries = await folderEntries(place);
  if (entries === undefined) {
    await removeLeftovers(to);
    const bytes = await save(() => server.stream(downloadOf(path)), to);
    process.stdout.write(`${to}: ${roundedBytes(bytes)}\n`);
    return;
  }
  const got = new Got();
  await getFolder(server, entries, { to, above: [] }, got);
  const left = got.left === 0 ? '' : `; ${got.left} left out`;
  process.stdout.write(`${to}: ${counted(got.files, 'file')}, ${roundedBytes(got.bytes)}${left}\n`);
}

/** Undefined of a file: its listing is empty, as that of an empty folder, and it can be read. */
async function folderEntries({
  server,
  path,
}: FilePlace): Promise<readonly FileInfo[] | undefined> {
  const entries = await server.list(path);
  if (entries.length > 0) {
    return entries;
  }
  try {
    await server.read(path, 0);
    return undefined;
  } catch (error) {
    if (error instanceof CommandError && error.status === EXIT.failed) {
      return [];
    }
    throw error;
  }
}

async function getFolder(
  server: FileServer,
  entries: readonly FileInfo[],
  { to, above }: { readonly to: string; readonly above: readonly string[] },
  got: Got,
): Promise<void> {
  // Fails where it is there: what is in it could lead elsewhere.
  await mkdir(to).catch((error: unknown) => refuseExisting(error, to));
  const lookedAt = [...above, looksOf(entries)];
  for (const entry of entries) {
    const name = nameOf(entry);
    const path = entry.path ?? '';
    const why = unwelcome(name, entry);
    if (why !== undefined) {
      got.leaveOut(path, why);
      continue;
    }
    if (got.files + got.left >= MAX_FILES) {
      throw new CommandError(
        EXIT.failed,
        `there are more than ${MAX_FILES} files: --archive gets them as one, or get a folder of it`,
      );
    }
    const target = join(to, name);
    try {
      if (isFolder(entry)) {
        const inside = await served(server.list(path));
        if (
          lookedAt.length > MAX_DEPTH ||
          (inside.length > 0 && lookedAt.includes(looksOf(inside)))
        ) {
          got.leaveOut(path, 'a link that leads back, or too deep');
          continue;
        }
        await getFolder(server, inside, { to: target, above: lookedAt }, got);
      } else {
        got.bytes += await save(() => served(server.stream(downloadOf(path))), target);
        got.files++;
      }
    } catch (error) {
      if (!(error instanceof LeftOutError)) {
        throw error;
      }
      got.leaveOut(path, error.message);
    }
  }
}

/** What goes wrong with one file, and not with those after it. */
class LeftOutError extends CommandError {}

/** What is refused is a pipe or the like, or a file of somebody else, or was deleted meanwhile. */
const SKIPPED: ReadonlySet<number> = new Set([EXIT.failed, EXIT.notFound, EXIT.notAllowed]);

/** Rejects with LeftOutError where the server does not give this, and may give others. */
async function served<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof CommandError && SKIPPED.has(error.status)
      ? new LeftOutError(error.status, error.message)
      : error;
  }
}

/** Servers show a folder in place of a link to it: it is known again by what is in it. */
const looksOf = (entries: readonly FileInfo[]): string =>
  hash(
    'sha256',
    JSON.stringify(
      entries.map((entry) => [nameOf(entry), entry.size, String(entry.mtime?.nanoseconds)]),
    ),
  );

/** Why an entry is left out. */
function unwelcome(name: string, entry: FileInfo): string | undefined {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
    return 'which is no name of a file';
  }
  return isLink(entry) ? 'a link that leads out of the folder' : undefined;
}

/** Resolves with how many bytes there were. Rejects with CommandError where the file is there. */
async function save(open: () => Promise<Readable>, to: string): Promise<number> {
  try {
    return await writeWhole(open, to);
  } catch (error) {
    if (error instanceof BrokenOffError) {
      throw new CommandError(
        EXIT.unreachable,
        `the connection broke off before '${to}' had come whole (${error.message})`,
      );
    }
    if (error instanceof CommandError) {
      throw error;
    }
    refuseExisting(error, to);
  }
}

/** What file systems say of names that they do not have. */
const NO_NAME: ReadonlySet<string> = new Set(['EILSEQ', 'EINVAL', 'ENAMETOOLONG']);

function refuseExisting(error: unknown, to: string): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') {
    throw new CommandError(EXIT.usage, `'${to}' is there already: say another place by --to`);
  }
  const Kind = NO_NAME.has(code ?? '') ? LeftOutError : CommandError;
  throw new Kind(EXIT.failed, `'${to}' is not written (${code ?? message})`);
}

function withoutArchives(error: unknown): never {
  throw error instanceof CommandError && error.status === EXIT.notFound
    ? new CommandError(
        EXIT.notFound,
        `${error.message}: it is not there, or the agent makes no archives, as Apache Mesos's do not; without --archive files come one by one`,
      )
    : error;
}

/** A name that somebody else has given, as that of a file here. */
const localName = (name: string): string => {
  const plain = name.replaceAll(/[\p{C}/\\]/gu, '_');
  return plain === '' || plain === '.' || plain === '..' ? 'files' : plain;
};
