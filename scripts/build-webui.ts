// Builds the operators' page: src/webui becomes build/webui, files with hashed names and beside
// each that can be compressed a .br and a .gz of it. A page that is up to date is not built again.
// With --watch it is built at each change, uncompressed, until the command is ended.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { LICENCES } from './bundle.ts';
import { staleness, WEBUI } from './products.mjs';

const root = dirname(import.meta.dirname);
const output = join(root, 'build', 'webui');

/** Smaller than this, a file is sent as fast as it is. */
const WORTH_COMPRESSING = 512;

/** Builds the page into a folder. */
async function bundle(outDir: string, watch: boolean): Promise<void> {
  await build({
    configFile: false,
    root: join(root, 'src', 'webui'),
    base: './',
    publicDir: false,
    logLevel: watch ? 'info' : 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: true,
      // What has light-dark() and popovers, so that styles need no second writing.
      target: ['chrome125', 'firefox125', 'safari17.5'],
      // The Content-Security-Policy forbids data: in scripts and fonts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      license: { fileName: LICENCES },
      watch: watch ? {} : null,
    },
  });
}

function compress(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/\.(?:js|css|html|svg|json)$/.test(entry.name)) {
      continue;
    }
    const content = readFileSync(file);
    if (content.length >= WORTH_COMPRESSING) {
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
      writeFileSync(`${file}.br`, brotliCompressSync(content, { params }));
      writeFileSync(`${file}.gz`, gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
    }
  }
}

if (process.argv.includes('--watch')) {
  await bundle(output, true);
} else {
  const made = staleness(WEBUI);
  if (made !== undefined) {
    // Under another name until it is whole: a master that serves it never sees half a page.
    const unfinished = `${output}.${process.pid}`;
    await bundle(unfinished, false);
    compress(unfinished);
    rmSync(output, { recursive: true, force: true });
    renameSync(unfinished, output);
    made();
  }
}
