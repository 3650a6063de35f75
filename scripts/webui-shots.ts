// `npm run webui:shots`: pictures of the page's main views in light, in dark and as wide as a
// phone, of a site that it starts for them. The picture of the README is one of them.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../test/support/browser.ts';
import { readArguments } from './arguments.ts';
import { halfADay } from './shots-day.ts';
import { Site } from './shots-site.ts';

const root = join(import.meta.dirname, '..');
const USAGE = `usage: npm run webui:shots [-- --out=FOLDER] [--view=NAME] [--readme]

  --out=FOLDER   where the pictures are put (build/shots)
  --view=NAME    only those of one view
  --readme       those of the README, in their place`;

const { values } = readArguments(USAGE, {
  options: {
    out: { type: 'string', default: join(root, 'build', 'shots') },
    view: { type: 'string' },
    readme: { type: 'boolean', default: false },
  },
});
const folder = values.readme ? join(root, 'docs', 'images') : values.out;
const view = values.readme ? 'overview' : values.view;

interface Look {
  readonly name: string;
  readonly scheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
}

const LOOKS: readonly Look[] = [
  { name: 'light', scheme: 'light', width: 1280, height: 800 },
  { name: 'dark', scheme: 'dark', width: 1280, height: 800 },
  { name: 'phone', scheme: 'light', width: 360, height: 740 },
];

/** When the pictures are made, after the site was started: times in words are the same then. */
const LATER_MS = 47 * 60_000;

interface Shot {
  readonly name: string;
  readonly hash: (site: Site) => string | Promise<string>;
  /** Waits for what the picture is of, and does what leads there. */
  readonly ready: (page: Page) => Promise<unknown>;
}

const text = (words: string) => (page: Page) => page.getByText(words).first().waitFor();
const firstRow = (page: Page) => page.getByRole('grid').getByRole('row').nth(1).waitFor();
const task = (framework: string, name: string) => (site: Site) =>
  `#/tasks/${site.framework(framework).id}/${name}`;

const SHOTS: readonly Shot[] = [
  { name: 'overview', hash: () => '#/', ready: (page) => page.locator('.uplot').nth(3).waitFor() },
  { name: 'tasks', hash: () => '#/tasks?state=all', ready: firstRow },
  { name: 'task', hash: task('spark-etl', 'invoices-daily'), ready: text('exited with status') },
  {
    name: 'output',
    hash: task('marathon', 'storefront-1'),
    ready: async (page) => {
      await page.getByRole('link', { name: 'stdout' }).first().click();
      await page.getByText('request 1:').waitFor();
    },
  },
  { name: 'frameworks', hash: () => '#/frameworks', ready: firstRow },
  {
    name: 'framework',
    hash: (site) => `#/frameworks/${site.framework('training').id}`,
    ready: text('ml'),
  },
  {
    name: 'why-not',
    hash: (site) => `#/frameworks/${site.framework('training').id}/why?cpus=8&mem=65536&gpus=2`,
    ready: (page) =>
      page
        .getByText(/^(Yes|Not)$/)
        .first()
        .waitFor(),
  },
  { name: 'agents', hash: () => '#/agents', ready: text('a1-01') },
  { name: 'map', hash: () => '#/agents?view=map', ready: text('6 agents') },
  {
    name: 'agent',
    hash: async (site) => {
      const agents = await site.agents();
      return `#/agents/${agents.find(({ hostname }) => hostname.startsWith('a1-01'))?.id}`;
    },
    ready: text('a1-01'),
  },
  { name: 'roles', hash: () => '#/roles', ready: text('data') },
  { name: 'maintenance', hash: () => '#/maintenance', ready: text('c2-01') },
  { name: 'what-if', hash: () => '#/what-if?attribute=rack:c2', ready: text('Before') },
];

async function shoot(browser: Browser, site: Site, look: Look, nowMs: number): Promise<void> {
  const { name, scheme, width, height } = look;
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width, height },
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const metrics = await (await fetch(`${site.url}/metrics/snapshot`)).json();
  const get_history = halfADay(nowMs, metrics as Record<string, number>);
  await context.route('**/api/v1', async (route) => {
    const asked = route.request().postDataJSON() as { readonly type?: string } | null;
    if (asked?.type !== 'GET_HISTORY') {
      await route.fallback();
      return;
    }
    await route.fulfill({ json: { type: 'GET_HISTORY', get_history } });
  });
  for (const shot of SHOTS.filter((each) => view === undefined || each.name === view)) {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.clock.setFixedTime(nowMs);
    await page.goto(`${site.url}/${await shot.hash(site)}`);
    await shot.ready(page);
    await page.evaluate('document.fonts.ready');
    const path = join(folder, `${shot.name}-${name}.png`);
    await page.screenshot({ path, animations: 'disabled' });
    console.log(path);
    await page.close();
  }
  await context.close();
}

mkdirSync(folder, { recursive: true });
const site = new Site();
const browser = await startBrowser();
try {
  await site.start();
  const nowMs = Date.now() + LATER_MS;
  for (const look of LOOKS.filter(({ name }) => !values.readme || name !== 'phone')) {
    await shoot(browser, site, look, nowMs);
  }
} finally {
  await browser.close();
  await site.stop();
}
