// The products that scripts make of sources, and whether each is up to date. For each product
// build/ has a record: a hash of the content of all its sources, and a hash of the product. Times
// would not do: a checkout, a copy and a touch change them. The record has the time of the last
// look, so that bin/mesoscale takes the product while nothing is newer. Plain JavaScript without
// dependencies, because the set-up of a checkout asks before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

/** Another version of a tool makes another product. */
const version = (name) => `node_modules/${name}/package.json`;

export const MESSAGES = {
  record: 'build/messages.made-from',
  from: [
    ...['proto', 'scripts/generate.ts', 'scripts/schema.ts', 'scripts/codec-source.ts'],
    ...['src/wire/enum-table.ts', 'src/wire/wire-error.ts', version('protobufjs')],
  ],
  makes: () => [
    'src/model/generated/messages.ts',
    'src/wire/generated/codec.js',
    'src/wire/generated/codec.d.ts',
  ],
};

/** A build of the scheduler core, by the file name of its module. */
export const coreModule = (file) => ({
  record: `build/${file}.made-from`,
  from: ['asm', 'scripts/build-core.ts', version('assemblyscript'), version('binaryen')],
  makes: () => [`build/${file}`],
});

const isSupervisor = (path) => /(?:^|\/)supervisor-\w+-\w+$/.test(path);

/**
 * The programs' names contain the hash of their sources, so the record has all programs that exist.
 */
export const SUPERVISOR = {
  record: 'build/supervisor.made-from',
  from: ['src/containerizer/launchers/process/supervisor', 'scripts/build-supervisor.ts'],
  makes: (root = checkout) =>
    namesIn(join(root, 'build'))
      .filter(isSupervisor)
      .map((name) => `build/${name}`),
};

/** The command `mesoscale` as checkouts run it, bundled. */
export const COMMAND = 'build/programs/mesoscale.js';

/** All that src/ runs as, bundled (build-programs.ts). Packages are not in it. */
export const PROGRAMS = {
  record: 'build/programs.made-from',
  from: [
    'src',
    'asm/constants.ts',
    'scripts/build-programs.ts',
    'scripts/bundle.ts',
    version('vite'),
  ],
  makes: (root = checkout) =>
    existsSync(join(root, COMMAND)) ? filesOf(root, dirname(COMMAND)) : [],
};

/** What `npm pack` publishes. */
export const PACKAGE = {
  record: 'build/package.made-from',
  from: [
    ...['src', 'asm', 'proto', 'package.json', 'package-lock.json', 'tsconfig.build.json'],
    ...[
      'build',
      'build-core',
      'build-supervisor',
      'build-webui',
      'bundle',
      'bill-of-materials',
    ].map((name) => `scripts/${name}.ts`),
    ...['vite', 'typescript', 'assemblyscript', 'binaryen'].map(version),
  ],
  makes: (root = checkout) => filesOf(root, 'dist').filter((name) => !isSupervisor(name)),
};

/** What `npm run packages` makes: with Node, for machines without npm. */
export const PACKAGES = {
  record: 'build/packages.made-from',
  from: [
    ...PACKAGE.from,
    ...['LICENSE', 'bin', 'packaging', version('node')],
    ...['packages', 'debian-package', 'man-pages', 'verb-words', 'build-lock'].map(
      (name) => `scripts/${name}.ts`,
    ),
  ],
  makes: (root = checkout) => filesOf(root, 'build/packages'),
};

/** The operators' page, with what it takes of other rooms. */
export const WEBUI = {
  record: 'build/webui.made-from',
  from: [
    ...['src/webui', 'src/model', 'src/wire', 'scripts/build-webui.ts', 'scripts/bundle.ts'],
    ...['vite', 'preact', '@preact/signals', 'uplot', '@xterm/xterm'].map(version),
  ],
  makes: (root = checkout) => filesOf(root, 'build/webui'),
};

/**
 * The format of all files that git knows or would, which makes nothing but the record that it was
 * right. Undefined where that is no checkout of git.
 */
export function formatOfFiles(root = checkout) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { status, stdout } = spawnSync('git', list, { cwd: root, encoding: 'utf8' });
  const files = status === 0 ? stdout.split('\0').filter(Boolean).sort() : [];
  return files.length === 0
    ? undefined
    : { record: 'build/format.passed', from: [version('@biomejs/biome'), ...files] };
}

/** By so much the times of files may be behind the clock. */
const CLOCK_GRAIN_MS = 20;

/**
 * Undefined where the product is up to date. Otherwise a function that records the product as made
 * from the present sources; to be called when the product is made.
 */
export function staleness({ record, from, makes }, root = checkout) {
  const lookedMs = Date.now() - CLOCK_GRAIN_MS;
  const sources = hashOf(root, from);
  const state = () => {
    if (makes === undefined) {
      return `${sources}\n`;
    }
    const outputs = makes(root);
    const isWhole = outputs.length > 0 && outputs.every((path) => existsSync(join(root, path)));
    return isWhole ? `${sources} ${hashOf(root, outputs)}\n` : undefined;
  };
  const file = join(root, record);
  const isOfThen = () => utimesSync(file, lookedMs / 1000, lookedMs / 1000);
  const now = state();
  if (now !== undefined && existsSync(file) && readFileSync(file, 'utf8') === now) {
    isOfThen();
    return undefined;
  }
  return () => {
    const made = state();
    if (made !== undefined) {
      mkdirSync(dirname(file), { recursive: true });
      const unfinished = `${file}.${process.pid}`;
      writeFileSync(unfinished, made);
      renameSync(unfinished, file);
      isOfThen();
    }
  };
}

/**
 * The hash of names and contents of files, also of those in folders. Pages for readers are left
 * out.
 */
function hashOf(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((each) => filesOf(root, each))) {
    const content = existsSync(join(root, path)) ? readFileSync(join(root, path)) : undefined;
    hash.update(`${path}\0${content?.length ?? 'missing'}\0`).update(content ?? '');
  }
  return hash.digest('hex');
}

function filesOf(root, path) {
  if (!statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory()) {
    return [path];
  }
  return namesIn(join(root, path))
    .filter((name) => !name.endsWith('.md'))
    .flatMap((name) => filesOf(root, `${path}/${name}`));
}

/** Sorted, since the order of a file system is arbitrary. */
const namesIn = (folder) => (existsSync(folder) ? readdirSync(folder).sort() : []);
