// Bundles sources of src/ into files that Node runs: the programs of a checkout
// (build-programs.ts), and those of a package with its library (build.ts). A start reads a dozen
// files instead of hundreds.
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { build, type Plugin } from 'vite';
import { builtAtSeconds } from './bill-of-materials.ts';

const root = dirname(import.meta.dirname);
export const sources = join(root, 'src');

/** How code names a thread's module, which it finds by `moduleOf`, and how it asks where it is. */
const PLACE = /new URL\('\.\/([\w-]+)', import\.meta\.url\)|import\.meta\.(?:url|dirname)/g;
/** Gives a thread's module the extension that it has itself, which is the bundle's. */
const NAMING = join(sources, 'filesystem', 'thread-module.ts');

const nameOf = (source: string) => relative(sources, source).replaceAll('/', '-').slice(0, -3);

export interface Bundle {
  /** The entries, by the names that their files have without extension; files of src/. */
  readonly entries: Readonly<Record<string, string>>;
  readonly folder: string;
  /**
   * Where a module is told that its source is, relative to the folder that the bundle is read
   * from: what code finds beside its source it finds there.
   */
  readonly placeOf: (source: string) => string;
  /** For publication: npm's packages are in it, which Node finds otherwise, and the time of it. */
  readonly withPackages: boolean;
}

/** The file of a bundle with packages that has their names, versions and licences. */
export const LICENCES = 'licences.json';

/** A thread's module has a file in the bundle, and is found there. */
function places({ placeOf }: Bundle): Plugin {
  return {
    name: 'places',
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(sources) || id === NAMING) {
        return null;
      }
      const place = `new URL(${JSON.stringify(placeOf(id))}, import.meta.url)`;
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
}

export async function bundle(wanted: Bundle): Promise<void> {
  const { entries, folder, withPackages } = wanted;
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: 'warn',
    plugins: [places(wanted)],
    define: withPackages ? { MESOSCALE_BUILT_AT: String(builtAtSeconds()) } : {},
    ssr: { noExternal: withPackages ? true : [] },
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      target: 'esnext',
      license: withPackages ? { fileName: LICENCES } : false,
      // Functions have their names in stack traces, and lines are found with the maps, which
      // nothing reads that does not ask for them (node --enable-source-maps). A package has none.
      minify: false,
      sourcemap: !withPackages,
      reportCompressedSize: false,
      rolldownOptions: {
        input: Object.fromEntries(
          Object.entries(entries).map(([name, file]) => [name, join(sources, file)]),
        ),
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}
