// Views of what the page asks the master for: offers. Against a real master and agent, with a
// framework that answers no offer.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessibility, openPage, startBrowser } from '../support/browser.ts';
import { TestCluster, until } from '../support/cluster.ts';

/** Would be a script, and turn the text around it. */
const HOSTILE = '<img src=x onerror="document.title=1">\u202egnp';

const cluster = new TestCluster();
const scheduler = new AbortController();
let browser: Browser;
let framework = '';
const complaints: string[] = [];

beforeAll(async () => {
  await cluster.start();
  browser = await startBrowser();
  const framework_info = {
    ...{ user: 'nobody', name: HOSTILE, roles: ['eng/web'] },
    capabilities: [{ type: 'MULTI_ROLE' }, { type: 'RESERVATION_REFINEMENT' }],
  };
  await fetch(`http://${cluster.address}/api/v1/scheduler`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ type: 'SUBSCRIBE', subscribe: { framework_info } }),
    signal: scheduler.signal,
  });
  framework = await until('the framework has an offer', async () => {
    const { frameworks } = (await cluster.get('/frameworks')) as {
      frameworks: { id: string; offers: unknown[] }[];
    };
    return frameworks.find(({ offers }) => offers.length > 0)?.id;
  });
});
afterAll(async () => {
  await browser?.close();
  scheduler.abort();
  await cluster.stop();
});

const open = (hash: string, options: object = {}): Promise<Page> =>
  openPage(browser, `http://${cluster.address}/${hash}`, { options, complaints });

test('offers show who sits on what', async () => {
  const page = await open('#/offers');
  await page.getByText('1 offer', { exact: true }).waitFor();
  const holder = page.getByRole('listitem').filter({ hasText: '1 offer, the oldest from' });
  expect(await holder.textContent()).toMatch(/‹202E›gnp.*4 CPUs, 2\.0 GB memory, 1\.0 GB disk$/);
  const row = page.getByRole('grid', { name: 'Offers' }).getByRole('row').nth(1);
  expect(await row.textContent()).toContain('eng/web');
  expect(await row.textContent()).toContain('31000–31099 ports');
  await holder.getByRole('link').click();
  await page.getByRole('button', { name: 'Without the filter framework' }).click();
  await page.getByRole('searchbox').fill('nobody has this');
  await page.getByText('No offer passes these filters.').waitFor();
  await page.getByRole('searchbox').fill('ports web');
  await row.getByRole('link').first().click();
  await page.getByRole('heading', { name: 'Facts' }).waitFor();
  expect(page.url()).toContain(framework);
  await page.context().close();
});

test('each of these views is accessible, light and dark, and as wide as a telephone', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const view of ['offers']) {
      const page = await open(`#/${view}`, { colorScheme, viewport: { width: 360, height: 700 } });
      await page.locator('.loading').waitFor({ state: 'detached' });
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await accessibility(page), `${view}, ${colorScheme}`).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBe(360);
      expect(await page.title()).toContain('Mesoscale');
      await page.context().close();
    }
  }
});

test('the browser has had nothing to complain of', () => {
  expect(complaints).toEqual([]);
});
