// Debian's Chromium, as tests of the page drive it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import type { TestContext } from 'vitest';
import { until } from './cluster.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

/** The sandbox of Chromium needs a user that is not root. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(PROGRAM === undefined ? {} : { executablePath: PROGRAM }),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });

/** After each test: what the pages show, where it has waited for something in vain. */
export async function tellOfFailure(browser: Browser, { task }: TestContext): Promise<void> {
  if (task.result?.state !== 'fail') {
    return;
  }
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const text = await page.evaluate('document.body.innerText.slice(0, 3000)').catch(String);
    console.error(`${task.name}: ${page.url()} shows\n${text}`);
  }
}

/** Waits until an element shows a text: a page is drawn anew with each part that it is told. */
export const shows = (element: Locator, text: string | RegExp): Promise<true> =>
  until(`${element} shows ${text}`, async () => {
    const shown = (await element.textContent()) ?? '';
    return typeof text === 'string' ? shown.includes(text) : text.test(shown);
  }).then(() => true);

interface OpenOptions {
  /** Of a context of Playwright. */
  readonly options?: object;
  /** Gets what the browser complains of, but for masters that are gone or refuse something. */
  readonly complaints: string[];
}

/** A page in a context of its own. */
export async function openPage(browser: Browser, url: string, options: OpenOptions): Promise<Page> {
  const page = await newPage(browser, options);
  await page.goto(url);
  return page;
}

/** As `openPage`, where nothing is opened yet. */
export async function newPage(
  browser: Browser,
  { options = {}, complaints }: OpenOptions,
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource:')) {
      complaints.push(message.text());
    }
  });
  return page;
}

/**
 * Pages that one test after the other has, by name. A new one costs Chromium a second of CPU, four
 * times as much as to load a document anew.
 */
export class KeptPages {
  readonly #pages = new Map<string, Page>();

  /** Made for who asks first. Later ones find cookies and storage, and nothing open. */
  async get(name: string, make: () => Promise<Page>): Promise<Page> {
    const kept = this.#pages.get(name);
    const page = kept === undefined || kept.isClosed() ? await make() : kept;
    this.#pages.set(name, page);
    await page.unrouteAll();
    await page.goto('about:blank');
    return page;
  }
}

/** What is wrong by WCAG 2.2 AA, as axe sees it. The policy of the page lets no script in. */
export async function accessibility(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const has = await session.send('Runtime.evaluate', { expression: "'axe' in globalThis" });
  if (has.result.value !== true) {
    await session.send('Runtime.evaluate', { expression: AXE });
  }
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
      .then(({ violations }) => violations.map(({ id, nodes }) =>
        id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join('; ')))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return result.value as string[];
}

/** A view as what is below `#/` for it, and the title of its page; the next has another title. */
type ViewPlace = readonly [path: string, title: string];

/** Goes through views in one page, in light and in dark, and looks at each when it is shown. */
export async function eachView(
  page: Page,
  views: readonly ViewPlace[],
  look: (what: string) => Promise<void>,
): Promise<void> {
  const home = page.url().replace(/#.*/, '');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [path, title] of views) {
      await page.goto(`${home}#/${path}`);
      await until(title, async () => (await page.title()) === `${title} · Mesoscale`);
      await page.locator('.loading').waitFor({ state: 'detached' });
      await page.getByRole('heading').first().waitFor();
      await look(`${path}, ${colorScheme}`);
    }
  }
}
