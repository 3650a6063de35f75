// Archives as they are decompressed, and the memory of what has been used.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import {
  CHUNK_BYTES,
  decompressed,
  freeChunk,
} from '../../../../src/containerizer/images/unpacking/decompression.ts';

/** Neither a number of whole chunks, nor alike in all of its parts. */
const content = Buffer.concat([randomBytes(7 * CHUNK_BYTES), Buffer.alloc(5 * CHUNK_BYTES + 1)]);

test.each([
  ['gzip', gzipSync(content)],
  [
    'gzip, in two parts',
    Buffer.concat([gzipSync(content.subarray(0, 99_999)), gzipSync(content.subarray(99_999))]),
  ],
  ['zstd', zstdCompressSync(content)],
  ['nothing', content],
])('what %s has compressed is whole, though each chunk is freed', async (_name, blob) => {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-decompression-'));
  try {
    const path = join(folder, 'blob');
    writeFileSync(path, blob);
    const copies: Buffer[] = [];
    const chunks: Buffer[] = [];
    const take = async (all: AsyncIterable<Buffer>) => {
      for await (const chunk of all) {
        copies.push(Buffer.from(chunk));
        chunks.push(chunk);
        freeChunk(chunk);
      }
    };
    await decompressed(path, take, new AbortController().signal);
    expect(Buffer.concat(copies).equals(content)).toBe(true);
    // But what comes last.
    const kept = new Set(chunks.filter(({ length }) => length > 0).map(({ buffer }) => buffer));
    expect(kept.size).toBeLessThanOrEqual(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const children = () =>
  globSync('/proc/self/task/*/children').flatMap((path) =>
    readFileSync(path, 'utf8').split(' ').filter(Boolean),
  );

test.runIf(process.geteuid?.() === 0)('root reads xz as a user whom no task is of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-decompression-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'blob');
  // More than a pipe holds: the program stays until all is taken.
  writeFileSync(path, execFileSync('xz', ['-0', '-c'], { input: randomBytes(600_000) }));
  const before = new Set(children());
  let users: string[][] = [];
  const take = async (chunks: AsyncIterable<Buffer>) => {
    for await (const _ of chunks) {
      if (users.length === 0) {
        users = children()
          .filter((pid) => !before.has(pid))
          .map((pid) => /^Uid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')))
          .map((found) => found?.[1]?.split('\t') ?? []);
      }
    }
  };
  await decompressed(path, take, new AbortController().signal);
  expect(users).toEqual([['65533', '65533', '65533', '65533']]);
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  expect(accounts.filter((line) => line.split(':')[2] === users[0]?.[0])).toEqual([]);
});
