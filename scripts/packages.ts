// `npm run packages`: what machines without npm install, in build/packages: a Debian package, and a
// folder in an archive, both with the Node that everything is tested with. They are for the
// architecture of this machine. What is up to date is not made again.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { builtAtSeconds } from './bill-of-materials.ts';
import { heldAlone } from './build-lock.ts';
import { buildDebianPackage } from './debian-package.ts';
import { PACKAGES, staleness } from './products.mjs';

const root = dirname(import.meta.dirname);
const output = join(root, 'build', 'packages');
/** What Node is linked with that not every machine has. */
const LIBRARY = 'libatomic.so.1';

function fail(text: string): never {
  console.error(text);
  process.exit(1);
}

/** Runs a program and returns what it printed. */
function run(program: string, parameters: readonly string[], cwd = root): string {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, SOURCE_DATE_EPOCH: String(builtAtSeconds()) },
  });
  if (status !== 0) {
    const why = error === undefined ? stderr.trim() : error.message;
    fail(`${program} ${parameters.join(' ')} failed: ${why}`);
  }
  return stdout;
}

/** The folder that works by itself, wherever it is. */
function makeHome(home: string): void {
  mkdirSync(home, { recursive: true });
  // Just what the package of npm has.
  run('npm', ['pack', '--silent', '--pack-destination', dirname(home)]);
  const [archive = ''] = readdirSync(dirname(home)).filter((name) => name.endsWith('.tgz'));
  run('tar', ['xzf', join('..', archive), '--strip-components=1'], home);
  rmSync(join(dirname(home), archive));
  putNode(join(home, 'node'));
  run('chmod', ['-R', 'u=rwX,go=rX', home]);
}

/** The Node of the checkout, with the library that it needs beside it. */
function putNode(folder: string): void {
  const from = join(root, 'node_modules', 'node');
  const program = join(folder, 'bin', 'node');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  cpSync(realpathSync(join(from, 'bin', 'node')), program);
  chmodSync(program, 0o755);
  const [release = ''] = readdirSync(join(from, 'node_modules')).filter((name) =>
    name.startsWith('node-linux-'),
  );
  cpSync(join(from, 'node_modules', release, 'LICENSE'), join(folder, 'LICENSE'));
  const linked = run('ldd', [program]);
  const [, library = ''] = new RegExp(`${LIBRARY} => (\\S+)`).exec(linked) ?? [];
  if (library !== '') {
    mkdirSync(join(folder, 'lib'));
    cpSync(realpathSync(library), join(folder, 'lib', LIBRARY));
    run('patchelf', ['--set-rpath', '$ORIGIN/../lib', program]);
  }
}

function makeArchive(home: string, folder: string): void {
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
    version: string;
  };
  const name = `mesoscale-${version}-linux-${process.arch}`;
  const named = join(dirname(home), name);
  renameSync(home, named);
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
  const time = `--mtime=@${builtAtSeconds()}`;
  run('tar', [...same, time, '-czf', join(folder, `${name}.tar.gz`), name], dirname(home));
  renameSync(named, home);
}

for (const program of ['dpkg-deb', 'patchelf']) {
  if (spawnSync(program, ['--version']).error !== undefined) {
    fail(`npm run packages: needs the program ${program} (Debian: ${program.replace('-deb', '')})`);
  }
}
heldAlone('packages');
const made = staleness(PACKAGES);
if (made !== undefined) {
  const work = `${output}.${process.pid}`;
  const home = join(work, 'home');
  const done = join(work, 'done');
  mkdirSync(done, { recursive: true });
  try {
    makeHome(home);
    makeArchive(home, done);
    await buildDebianPackage({ home, work: join(work, 'debian'), folder: done, run });
    rmSync(output, { recursive: true, force: true });
    renameSync(done, output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  made();
}
for (const name of existsSync(output) ? readdirSync(output) : []) {
  console.log(join('build', 'packages', name));
}
