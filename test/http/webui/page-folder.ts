// A folder with a page, for tests.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

export const INDEX = '<!doctype html><title>The page</title>';
export const SCRIPT = `console.log(${JSON.stringify('a'.repeat(4_000))})`;

/** Deleted at the end of the test. */
export function pageFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const assets = join(folder, 'assets');
  mkdirSync(assets);
  writeFileSync(join(folder, 'index.html'), INDEX);
  writeFileSync(join(folder, 'secret'), 'not a file of the page');
  writeFileSync(join(assets, 'main-1a.js'), SCRIPT);
  writeFileSync(join(assets, 'main-1a.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(assets, 'main-1a.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(assets, 'main-1a.css'), `a{color:red;--x:${'b'.repeat(2_000)}}`);
  writeFileSync(join(assets, 'strange.exe'), 'MZ');
  symlinkSync('/etc/passwd', join(assets, 'link.js'));
  return folder;
}
