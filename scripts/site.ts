// Builds the site of the documentation in build/site (VitePress, as site/ configures it). VitePress
// is installed there from the package registry, once for each lock file: who only runs a cluster
// does not need it.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Pages outside docs/ that those of docs/ lead to. */
const PAGES = [
  'docs',
  'asm/README.md',
  'bench/README.md',
  'bench/quiet-cycles.svg',
  'CHANGELOG.md',
];
/** What is no page: pictures of the first one, and files that pages offer, with their places. */
const FILES = [
  ['src/webui/style/icon.svg', 'mark.svg'],
  ['docs/images/overview-light.png', 'overview-light.png'],
  ['docs/images/overview-dark.png', 'overview-dark.png'],
  ['docs/monitoring', 'docs/monitoring'],
] as const;
const LOCK = 'package-lock.json';

/**
 * Builds in `folder`. Returns the folder of the files to serve. Throws where a link leads nowhere.
 */
export function buildSite(folder: string): string {
  mkdirSync(folder, { recursive: true });
  install(folder);
  const pages = join(folder, 'pages');
  const dist = join(folder, 'dist');
  for (const made of [pages, dist]) {
    rmSync(made, { recursive: true, force: true });
  }
  cpSync(join(root, 'site'), pages, {
    recursive: true,
    filter: (path) => !/node_modules|package(-lock)?\.json$/.test(path),
  });
  for (const page of PAGES) {
    cpSync(join(root, page), join(pages, page), { recursive: true });
  }
  for (const [from, to] of FILES) {
    cpSync(join(root, from), join(pages, 'public', to), { recursive: true });
  }
  run(
    join(folder, 'node_modules', '.bin', 'vitepress'),
    ['build', pages, '--outDir', dist],
    folder,
  );
  return dist;
}

function install(folder: string): void {
  const lock = readFileSync(join(root, 'site', LOCK), 'utf8');
  const installed = join(folder, 'installed.lock');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) {
    return;
  }
  for (const name of ['package.json', LOCK]) {
    cpSync(join(root, 'site', name), join(folder, name));
  }
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
  writeFileSync(installed, lock);
}

function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
}
