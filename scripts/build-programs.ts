// Bundles what src/ runs as: build/programs has the command `mesoscale`, the modules of its threads
// and small processes, and some more files that these share. A start reads a dozen files instead
// of hundreds whose types are stripped: a third less CPU. A bundle that is up to date is not made
// again.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build, type Plugin } from 'vite';
import { COMMAND, PROGRAMS, staleness } from './products.mjs';

const root = dirname(import.meta.dirname);
const sources = join(root, 'src');
const output = join(root, dirname(COMMAND));

/** Files of earlier bundles stay for so long: a program that starts may have yet to read them. */
const KEPT_MS = 3600 * 1000;

/** How code names a thread's module, which it finds by `moduleOf`, and how it asks where it is. */
const PLACE = /new URL\('\.\/([\w-]+)', import\.meta\.url\)|import\.meta\.(?:url|dirname)/g;
/** Gives a thread's module the extension that it has itself, which is the bundle's. */
const NAMING = join(sources, 'filesystem', 'thread-module.ts');

const nameOf = (source: string) => relative(sources, source).replaceAll('/', '-').slice(0, -3);

/**
 * What code finds beside its source it finds there still, as if it had not moved. A thread's module
 * is the exception: it has a file in the bundle, and is found there.
 */
const places: Plugin = {
  name: 'places',
  enforce: 'pre',
  transform(code, id) {
    if (!id.startsWith(sources) || id === NAMING) {
      return null;
    }
    const place = `new URL(${JSON.stringify(relative(output, id))}, import.meta.url)`;
    const pathOf = "process.getBuiltinModule('node:url').fileURLToPath";
    const moved = code.replaceAll(PLACE, (all: string, name?: string) => {
      const thread = join(dirname(id), `${name}.ts`);
      if (name === undefined || !existsSync(thread)) {
        return all
          .replace('import.meta.url', `${place}.href`)
          .replace('import.meta.dirname', `${pathOf}(new URL('.', ${place}))`);
      }
      this.emitFile({ type: 'chunk', id: thread, fileName: `${nameOf(thread)}.js` });
      return `new URL('./${nameOf(thread)}', import.meta.url)`;
    });
    return { code: moved, map: null };
  },
};

async function bundle(folder: string): Promise<void> {
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    plugins: [places],
    build: {
      ssr: true,
      outDir: folder,
      target: 'esnext',
      // Functions have their names in stack traces, and lines are found with the maps, which
      // nothing reads that does not ask for them (node --enable-source-maps).
      minify: false,
      sourcemap: true,
      reportCompressedSize: false,
      rolldownOptions: {
        input: join(sources, 'cli', 'mesoscale.ts'),
        output: { entryFileNames: basename(COMMAND), chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}

/** Each file as a whole, and the command last: a program that starts meanwhile is of one bundle. */
function moveInto(folder: string, from: string): void {
  const names = readdirSync(from).sort(
    (a, b) => Number(a === basename(COMMAND)) - Number(b === basename(COMMAND)),
  );
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    renameSync(join(from, name), join(folder, name));
  }
  rmSync(from, { recursive: true });
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const isNeeded = !name.endsWith('.map') && statSync(file).mtimeMs >= Date.now() - KEPT_MS;
    if (!names.includes(name) && !isNeeded) {
      rmSync(file, { force: true });
    }
  }
}

const made = staleness(PROGRAMS);
if (made !== undefined) {
  const unfinished = `${output}.${process.pid}`;
  await bundle(unfinished);
  moveInto(output, unfinished);
  made();
}
