// Blobs become files, also on a disk that becomes full; that needs root, for a disk of its own.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { storeBlob } from '../../../src/containerizer/images/blob-file.ts';
import { SmallDisk } from '../../support/small-disk.ts';

const MIB = 2 ** 20;
const never = new AbortController().signal;

async function* content(bytes: number) {
  for (let left = bytes; left > 0; left -= MIB) {
    yield Buffer.alloc(MIB, left);
  }
}

test.runIf(process.geteuid?.() === 0)('a blob does not take the last of its disk', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-blob-'));
  try {
    using _ = new SmallDisk(folder, 90);
    await storeBlob(content(20 * MIB), join(folder, 'first'), never);
    // Nobody has said how large it is.
    await expect(storeBlob(content(60 * MIB), join(folder, 'second'), never)).rejects.toThrow(
      `There is no room for the rest of a layer: the disk of '${folder}' has `,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what is written leaves no memory to the garbage collector', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-blob-'));
  try {
    const path = join(folder, 'blob');
    const shared = Buffer.from('-shared-');
    const own = [Buffer.alloc(MIB, 'a'), Buffer.alloc(MIB, 'b')];
    async function* bytes() {
      for (const chunk of own) {
        yield chunk;
        yield shared.subarray(1, 7);
      }
    }
    await storeBlob(bytes(), path, never);
    const text = `${'a'.repeat(MIB)}shared${'b'.repeat(MIB)}shared`;
    expect(readFileSync(path, 'latin1') === text).toBe(true);
    expect(own.map(({ length }) => length)).toEqual([0, 0]);
    expect(shared.toString()).toBe('-shared-');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
