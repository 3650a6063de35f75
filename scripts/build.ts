// `npm run build`: makes dist/ for publication: the commands and the library, bundled with the
// packages of npm that they use, the library's types, the page, the module, and who wrote what.
// A package of it needs no other, and is a few dozen files.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { supervisorProgram } from '../src/containerizer/launchers/process/supervisor-program.ts';
import { billOfMaterials, type Licence, licenceTexts } from './bill-of-materials.ts';
import { buildCore } from './build-core.ts';
import { heldAlone } from './build-lock.ts';
import { ARCHITECTURES, compileSupervisor } from './build-supervisor.ts';
import { bundle, LICENCES, sources } from './bundle.ts';
import { PACKAGE, staleness } from './products.mjs';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');
/** The compiler's output folder. */
const compiled = join(root, 'build', 'package');
/** What programs find beside their sources: the supervisor's C, the page, the module. */
const VERBATIM = [
  ['src/containerizer/launchers/process/supervisor', 'containerizer/launchers/process/supervisor'],
  ['build/webui', 'webui'],
  ['build/mesoscale-core.wasm', 'mesoscale-core.wasm'],
  ['build/mesoscale-core-plain.wasm', 'mesoscale-core-plain.wasm'],
] as const;
const ENTRIES = ['index', 'core'] as const;

heldAlone('package');
const made = staleness(PACKAGE);
if (made !== undefined) {
  await buildAll();
  made();
}
// Not part of that: which of them can be compiled depends on the machine.
await putSupervisors();
console.log(`dist/ is ready: try it with \`npm pack\``);

async function buildAll(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  rmSync(compiled, { recursive: true, force: true });
  copyTypes();
  const programs = await bundled('programs', { mesoscale: 'cli/mesoscale.ts' });
  const library = await bundled('.', { index: 'index.ts', core: 'core.ts' });
  const webui = join(root, 'build', 'webui');
  const page = JSON.parse(readFileSync(join(webui, LICENCES), 'utf8')) as Licence[];
  const licences = [...programs, ...library, ...page];
  writeFileSync(join(dist, 'third-party-licences.txt'), licenceTexts(licences));
  writeFileSync(join(dist, 'sbom.cdx.json'), billOfMaterials(licences));
  await buildCore({ build: 'plain' });
  for (const [from, to] of VERBATIM) {
    const source = join(root, from);
    if (!existsSync(source)) {
      throw new Error(`${from} is missing`);
    }
    cpSync(source, join(dist, to), { recursive: true });
  }
}

/** The library's types, and those of its own that they name. */
function copyTypes(): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
  const from = join(compiled, 'src');
  // The compiler copies no declarations that are there.
  cpSync(join(sources, 'wire', 'generated'), join(from, 'wire', 'generated'), { recursive: true });
  const wanted = ENTRIES.map((name) => join(from, `${name}.d.ts`));
  for (const file of wanted) {
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
      const named = join(dirname(file), name).replace(/\.[jt]s$/, '.d.ts');
      if (!wanted.includes(named)) {
        wanted.push(named);
      }
    }
    const to = join(dist, relative(from, file));
    mkdirSync(dirname(to), { recursive: true });
    renameSync(file, to);
  }
  rmSync(compiled, { recursive: true });
}

/** Bundles into a folder of dist/, and answers which packages are in it. */
async function bundled(name: string, entries: Record<string, string>): Promise<Licence[]> {
  const folder = join(dist, name);
  await bundle({
    entries,
    folder,
    placeOf: (source) =>
      relative(folder, join(dist, relative(sources, source))).replace(/\.ts$/, '.js'),
    withPackages: true,
  });
  const file = join(folder, LICENCES);
  const licences = JSON.parse(readFileSync(file, 'utf8')) as Licence[];
  rmSync(file);
  return licences;
}

/** So that machines with agents need no compiler. This machine's is there since the set-up. */
async function putSupervisors(): Promise<void> {
  const own = await supervisorProgram([join(root, 'build')]).catch(() => undefined);
  if (own !== undefined) {
    cpSync(own, join(dist, basename(own)));
  }
  const names = readdirSync(dist);
  const failures = new Map(
    ARCHITECTURES.flatMap((architecture) => {
      const isThere = names.some((name) => name.startsWith(`supervisor-${architecture}-`));
      const failure = isThere ? undefined : compileSupervisor(dist, architecture);
      return failure === undefined ? [] : [[architecture, failure] as const];
    }),
  );
  for (const failure of failures.values()) {
    const made = ARCHITECTURES.filter((architecture) => !failures.has(architecture));
    console.warn(`${failure} (the package has it for ${made.join(' and ') || 'no machine'} only)`);
  }
}
