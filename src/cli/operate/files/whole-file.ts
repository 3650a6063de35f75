// A file that is there whole or not at all, whatever ends this program while it comes.
import { hash } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { link, lstat, opendir, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isOfAnother } from '../../../runtime/other-process.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What file systems say that have no second names of a file. */
const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** It is not the disk that failed, but who gives the bytes. */
export class BrokenOffError extends Error {}

/**
 * Resolves with how many bytes `open` has given. Rejects with its error, BrokenOffError or the
 * system's error: EEXIST where something has the name already, and be it a link to nothing.
 */
export async function writeWhole(open: () => Promise<Readable>, to: string): Promise<number> {
  await expectNothing(to);
  const body = await open();
  const part = join(dirname(to), `${partsOf(to)}${process.pid}.part`);
  const forget = forgetOnSignal(part);
  try {
    const bytes = await write(body, part);
    await givenName(part, to);
    return bytes;
  } finally {
    await rm(part, { force: true });
    forget();
  }
}

/** With which the names of all parts begin that this machine has made of a file. */
const partsOf = (to: string): string =>
  `.mesoscale-${hash('sha256', `${hostname()}/${basename(to)}`).slice(0, 16)}-`;

/** Removes what killed programs of this machine have left of the same file. */
export async function removeLeftovers(to: string): Promise<void> {
  const folder = dirname(to);
  const start = partsOf(to);
  const entries = await opendir(folder).catch(() => undefined);
  for await (const entry of entries ?? []) {
    const [, pid] = /^(\d+)\.part$/.exec(entry.name.slice(start.length)) ?? [];
    const isPart = entry.name.startsWith(start) && pid !== undefined && entry.isFile();
    if (isPart && !isOfAnother(Number(pid))) {
      await unlink(join(folder, entry.name)).catch(() => undefined);
    }
  }
}

/** Told before all of it has come. */
async function expectNothing(to: string): Promise<void> {
  const found = await lstat(to).catch(() => undefined);
  if (found !== undefined) {
    throw Object.assign(new Error(`${to} is there`), { code: 'EEXIST' });
  }
}

async function write(body: Readable, part: string): Promise<number> {
  const file = createWriteStream(part, { flags: 'wx' });
  let failed: 'body' | 'file' | undefined;
  body.once('error', () => {
    failed ??= 'body';
  });
  file.once('error', () => {
    failed ??= 'file';
  });
  try {
    await pipeline(body, file);
  } catch (error) {
    throw failed === 'file' ? error : new BrokenOffError((error as Error).message);
  }
  return file.bytesWritten;
}

/** Gives the file its name; rejects where something has taken that meanwhile. */
async function givenName(part: string, to: string): Promise<void> {
  try {
    await link(part, to);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) {
      throw error;
    }
    // Taken first, so that nobody else's file is replaced.
    await writeFile(to, '', { flag: 'wx' });
    await rename(part, to);
  }
}

/** Until the returned function is called, a signal takes the file along. */
function forgetOnSignal(part: string): () => void {
  const ended = (signal: NodeJS.Signals) => {
    rmSync(part, { force: true });
    stop();
    process.kill(process.pid, signal);
  };
  const stop = () => {
    for (const signal of SIGNALS) {
      process.off(signal, ended);
    }
  };
  for (const signal of SIGNALS) {
    process.on(signal, ended);
  }
  return stop;
}
