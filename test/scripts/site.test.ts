// The site of the documentation is built from its pages, with all links and a search, and fits
// telephones.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildSite } from '../../scripts/site.ts';
import { startBrowser } from '../support/browser.ts';
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

/** A page that would be found. */
const WIDE = '<body><div style="width: 400px">wide</div></body>';

test('no page scrolls sideways on the narrowest telephone', async () => {
  const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  const shown = pages.filter((name) => name.endsWith('.html'));
  expect(shown.length).toBeGreaterThan(20);
  await using browser = await startBrowser();
  const page = await browser.newPage({
    viewport: { width: 320, height: 640 },
    javaScriptEnabled: false,
  });
  await page.route('**', (route) => {
    const path = join(dist, new URL(route.request().url()).pathname);
    return /\.(?:html|css)$/.test(path) && existsSync(path)
      ? route.fulfill({ path })
      : route.abort();
  });
  // All have the same styles: to put one after the other into one page costs half of what it costs
  // to open them.
  await page.goto('http://site.localhost/docs/start.html');
  const widths: [string, number][] = [];
  for (const name of [...shown, WIDE]) {
    const text = name === WIDE ? WIDE : readFileSync(join(dist, name), 'utf8');
    const [body = ''] = /<body[\s\S]*<\/body>/.exec(text) ?? [];
    const width = await page.evaluate(
      `document.body.innerHTML = ${JSON.stringify(body.replace(/<script[\s\S]*?<\/script>/g, ''))};
      document.scrollingElement.scrollWidth`,
    );
    widths.push([name, Number(width)]);
  }
  expect(widths.filter(([, width]) => width > 320)).toEqual([[WIDE, 400]]);
}, 60_000);
