// What scripts make of sources, and whether it is still what these sources give. For each product
// build/ has a record: a hash of the contents of all that it was made from, and one of what came of
// it. Times say nothing: a checkout, a copy and a touch change them. Plain JavaScript without
// dependencies, because the set-up of a checkout asks before anything is installed.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));

/** Another version of a tool makes something else. */
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

/** One of the builds of the scheduler core, by the name of its module. */
export const coreModule = (file) => ({
  record: `build/${file}.made-from`,
  from: ['asm', 'scripts/build-core.ts', version('assemblyscript'), version('binaryen')],
  makes: () => [`build/${file}`],
});

/** The names of the programs carry the hash of their sources: all that are there are looked at. */
export const SUPERVISOR = {
  record: 'build/supervisor.made-from',
  from: ['src/containerizer/launchers/process/supervisor', 'scripts/build-supervisor.ts'],
  makes: (root = checkout) =>
    namesIn(join(root, 'build'))
      .filter((name) => /^supervisor-\w+-\w+$/.test(name))
      .map((name) => `build/${name}`),
};

/**
 * Undefined where the product is what its sources give. Otherwise a function that records the
 * product as made, from the sources as they are now: call it when the product is there.
 */
export function staleness({ record, from, makes }, root = checkout) {
  const sources = hashOf(root, from);
  const state = () => {
    const outputs = makes(root);
    const isWhole = outputs.length > 0 && outputs.every((path) => existsSync(join(root, path)));
    return isWhole ? `${sources} ${hashOf(root, outputs)}\n` : undefined;
  };
  const file = join(root, record);
  const now = state();
  if (now !== undefined && existsSync(file) && readFileSync(file, 'utf8') === now) {
    return undefined;
  }
  return () => {
    const made = state();
    if (made !== undefined) {
      mkdirSync(dirname(file), { recursive: true });
      const unfinished = `${file}.${process.pid}`;
      writeFileSync(unfinished, made);
      renameSync(unfinished, file);
    }
  };
}

/** Of the names and contents of files, in folders too. Pages for readers make nothing. */
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

/** In an order that no file system decides. */
const namesIn = (folder) => (existsSync(folder) ? readdirSync(folder).sort() : []);
