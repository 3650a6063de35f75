// Debian's Chromium, as tests of the page drive it.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

/** The sandbox of Chromium needs a user that is not root. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(PROGRAM === undefined ? {} : { executablePath: PROGRAM }),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });

interface OpenOptions {
  /** Of a context of Playwright. */
  readonly options?: object;
  /** Gets what the browser complains of, but for masters that are gone or refuse something. */
  readonly complaints: string[];
}

/** A page in a context of its own. */
export async function openPage(
  browser: Browser,
  url: string,
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
  await page.goto(url);
  return page;
}

/** What is wrong by WCAG 2.2 AA, as axe sees it. The policy of the page lets no script in. */
export async function accessibility(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
      .then(({ violations }) => violations.map(({ id, nodes }) =>
        id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join('; ')))`,
    awaitPromise: true,
    returnByValue: true,
  });
  return result.value as string[];
}
