// The site of the documentation is built from its pages, with all links and a search.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildSite } from '../../scripts/site.ts';
import { root, sources } from '../support/sources.ts';

let dist: string;
// A link between pages that leads nowhere ends the build.
beforeAll(() => {
  dist = buildSite(join(root, 'build', 'site'));
}, 240_000);

const config = readFileSync(join(root, 'site/.vitepress/config.mjs'), 'utf8');
/** What the site's own navigation leads to, which the build does not look at. */
const linked = [
  ...[...config.matchAll(/page\('[^']+', '([\w-]+)'\)/g)].map(([, name]) => `docs/${name}`),
  ...[...config.matchAll(/link: '\/([\w/-]+)'/g)].map(([, path]) => path ?? ''),
  ...[...readFileSync(join(root, 'site/index.md'), 'utf8').matchAll(/link: \/([\w/-]+)/g)].map(
    ([, path]) => path ?? '',
  ),
];

test('all that the navigation leads to is there', () => {
  expect(linked.length).toBeGreaterThan(20);
  expect(linked.filter((path) => !existsSync(join(dist, `${path}.html`)))).toEqual([]);
});

test('each page of docs/ is in the navigation', () => {
  const pages = sources('docs/*.md').map(({ path }) => path.replace(/\.md$/, ''));
  expect(pages.filter((page) => !linked.includes(page))).toEqual([]);
});

test('pages can be searched, and ask nobody else for anything', () => {
  const assets = readdirSync(join(dist, 'assets'), { recursive: true, encoding: 'utf8' });
  expect(assets.some((name) => /localSearchIndex/.test(name))).toBe(true);
  const page = readFileSync(join(dist, 'docs', 'start.html'), 'utf8');
  expect(page).not.toMatch(/(?:src|href)="https?:\/\/[^"]*\.(?:js|css|woff2?)"/);
});
