// Views of what the page asks the master for beside the stream of events, against a real master and
// agent, with a framework that answers no offer.
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  accessibility,
  eachView,
  KeptPages,
  newPage,
  shows,
  startBrowser,
  tellOfFailure,
} from '../support/browser.ts';
import { TestCluster, until } from '../support/cluster.ts';

/** Would be a script, and turn the text around it. */
const HOSTILE = '<img src=x onerror="document.title=1">\u202egnp';

const cluster = new TestCluster();
const scheduler = new AbortController();
let browser: Browser;
let framework = '';
const complaints: string[] = [];

/** A framework that answers no offer, until the signal. */
async function subscribe(name: string, signal: AbortSignal): Promise<void> {
  const framework_info = {
    ...{ user: 'nobody', name, roles: ['eng/web'] },
    capabilities: [{ type: 'MULTI_ROLE' }, { type: 'RESERVATION_REFINEMENT' }],
  };
  const events = await fetch(`http://${cluster.address}/api/v1/scheduler`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ type: 'SUBSCRIBE', subscribe: { framework_info } }),
    signal,
  });
  // A stream that nobody reads may be closed as garbage.
  events.body?.pipeTo(new WritableStream()).catch(() => {});
}

beforeAll(async () => {
  await cluster.start();
  browser = await startBrowser();
  await subscribe(HOSTILE, scheduler.signal);
  framework = await until('the framework has an offer', async () => {
    const { frameworks } = (await cluster.get('/frameworks')) as {
      frameworks: { id: string; offers: unknown[] }[];
    };
    return frameworks.find(({ offers }) => offers.length > 0)?.id;
  });
});
/** A call that changes something. */
async function tell(call: object): Promise<void> {
  const response = await fetch(`http://${cluster.address}/api/v1`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(call),
  });
  expect(response.ok, await response.text()).toBe(true);
}

afterEach((context) => tellOfFailure(browser, context));
afterAll(async () => {
  await browser?.close();
  scheduler.abort();
  await cluster.stop();
});

const pages = new KeptPages();

async function open(hash: string, options: object = {}): Promise<Page> {
  const page = await pages.get(JSON.stringify(options), () =>
    newPage(browser, { options, complaints }),
  );
  await page.goto(`http://${cluster.address}/${hash}`);
  return page;
}

test('offers show who sits on what', async () => {
  const page = await open('#/offers');
  await page.getByText('1 offer', { exact: true }).waitFor();
  const holder = page.getByRole('listitem').filter({ hasText: '1 offer, the oldest from' });
  await shows(holder, /‹202E›gnp.*4 CPUs, 2\.0 GB memory, 1\.0 GB disk$/);
  const row = page.getByRole('grid', { name: 'Offers' }).getByRole('row').nth(1);
  await shows(row, 'eng/web');
  await shows(row, '31000–31099 ports');
  await holder.getByRole('link').click();
  await page.getByRole('button', { name: 'Without the filter framework' }).click();
  await page.getByRole('searchbox').fill('nobody has this');
  await page.getByText('No offer passes these filters.').waitFor();
  await page.getByRole('searchbox').fill('ports web');
  await row.getByRole('link').first().click();
  await page.getByRole('heading', { name: 'Facts' }).waitFor();
  expect(page.url()).toContain(framework);
  // What it sits on, and how it stands in its role.
  await page.getByRole('listitem').filter({ hasText: 'for eng/web' }).waitFor();
  const standing = page.getByRole('table', { name: 'In its roles' }).getByRole('row').nth(1);
  await shows(standing, /^eng\/web.*100 % of .*nothing.*nothing$/);
});

test('roles show their tree, weights, quotas and frameworks', async () => {
  const quota_configs = [
    { role: 'eng', guarantees: { cpus: { value: 1 } }, limits: { cpus: { value: 3 } } },
  ];
  await tell({ type: 'UPDATE_QUOTA', update_quota: { quota_configs } });
  const weight_infos = [{ role: 'eng/web', weight: 2.5 }];
  await tell({ type: 'UPDATE_WEIGHTS', update_weights: { weight_infos } });
  const page = await open('#/roles');
  const rows = page.getByRole('treegrid', { name: 'Roles' }).getByRole('row');
  await page.getByRole('img', { name: '0 taken, 1 guaranteed, limit 3' }).waitFor();
  // Its offers were taken back for its weight, and come again.
  await rows.filter({ hasText: /^web2\.51.*100 %/ }).waitFor();
  const texts = await rows.allTextContents();
  const eng = texts.findIndex((text) => text.startsWith('eng'));
  // Below `eng`, under its own name: its weight, and the framework in it.
  expect(texts[eng + 1]).toMatch(/^web2\.51/);
  // By keys alone: the first row is that of `*` or `eng`.
  const table = page.getByRole('treegrid', { name: 'Roles' });
  await table.focus();
  for (let row = 0; row < eng; row++) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('row', { name: /^Unfold eng/ }).waitFor();
  expect(await rows.count()).toBe(texts.length - 1);
  await page.getByRole('button', { name: 'Unfold' }).click();
  await page.getByRole('button', { name: 'Fold', exact: true }).waitFor();
  // The name is not cut.
  const cell = `document.querySelectorAll('.table-rows .table-row')[${eng}].firstElementChild`;
  expect(await page.evaluate(`${cell}.scrollWidth <= ${cell}.clientWidth`)).toBe(true);
  await page.getByRole('button', { name: /^With a quota/ }).click();
  await page.getByText('1 role', { exact: true }).waitFor();
  // A list that is no tree.
  await page.getByRole('grid', { name: 'Roles' }).getByRole('link').click();
  await page.getByText('0 taken, 1 guaranteed, limit 3').waitFor();
  await page.getByRole('link', { name: /^eng\/web/ }).click();
  await page.getByRole('link', { name: '‹202E›gnp' }).waitFor();
  expect(page.url()).toContain('#/roles/eng%2Fweb');
});

test('maintenance shows what is scheduled, and what is down', async () => {
  const windows = [
    ['away.example', 3600, { nanoseconds: 7200e9 }],
    ['soon.example', 60_000, undefined],
  ] as const;
  const schedule = {
    windows: windows.map(([hostname, inSecs, duration]) => ({
      machine_ids: [{ hostname }],
      unavailability: { start: { nanoseconds: (Date.now() + inSecs * 1000) * 1e6 }, duration },
    })),
  };
  await tell({ type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule } });
  const machines = [{ hostname: 'away.example' }];
  await tell({ type: 'START_MAINTENANCE', start_maintenance: { machines } });
  const page = await open('#/maintenance');
  await page.getByText('2 machines').waitFor();
  const items = await page.getByRole('listitem').filter({ hasText: 'example' }).allTextContents();
  expect(items[0]).toMatch(
    /^away\.example.*is down already; was to begin in .*, for 2 hChangeRemoveBring up$/,
  );
  expect(items[1]).toMatch(/^soon\.example.*, without an endChangeRemoveTake down$/);
  const rows = page.getByRole('grid', { name: 'Machines' }).getByRole('row');
  await shows(rows.nth(1), /^away\.exampleDown/);
  await shows(rows.nth(2), /^soon\.exampleScheduled/);
  // What is down cannot leave the schedule.
  await tell({ type: 'STOP_MAINTENANCE', stop_maintenance: { machines } });
});

test('dialogs show names harmlessly, and stay narrow', async () => {
  const page = await open(`#/frameworks/${framework}`, { viewport: { width: 360, height: 700 } });
  await page.getByRole('button', { name: 'Tear down' }).click();
  const dialog = page.getByRole('dialog');
  await dialog
    .getByRole('heading', { name: '<img src=x onerror="document.title=1">‹202E›gnp' })
    .waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.keyboard.press('Escape');
  const machine_ids = [{ hostname: HOSTILE }];
  const windows = [{ machine_ids, unavailability: { start: { nanoseconds: Date.now() * 1e6 } } }];
  const update_maintenance_schedule = { schedule: { windows } };
  await tell({ type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule });
  await page.goto(`http://${cluster.address}/#/maintenance`);
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByLabel('<img src=x').waitFor();
  await shows(dialog.locator('.curl-line'), '\\u202egnp');
  expect(await page.title()).not.toBe('1');
  expect(await page.locator('img').count()).toBe(0);
  expect(await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(
    0,
  );
  await page.keyboard.press('Escape');
});

test('events come as they happen, and stand still when they shall', async () => {
  const page = await open('#/events');
  await page.getByText('No events').waitFor();
  const other = new AbortController();
  await subscribe('passing by', other.signal);
  const rows = page.getByRole('grid', { name: 'Events' }).getByRole('row');
  await rows.filter({ hasText: 'passing by' }).first().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  const before = await rows.count();
  other.abort();
  await until('it is gone', async () => {
    const { frameworks } = (await cluster.get('/frameworks')) as { frameworks: unknown[] };
    return frameworks.length === 1;
  });
  expect(await rows.count()).toBe(before);
  await page.getByRole('button', { name: 'Go on' }).click();
  await rows.filter({ hasText: 'Gone' }).first().waitFor();
  await page.getByRole('button', { name: /^Agents/ }).click();
  await page.getByText('No event passes these filters.').waitFor();
});

test('flags of the master are found, and versions of all', async () => {
  const page = await open('#/flags');
  await page.getByText('1 agent', { exact: true }).waitFor();
  await page.getByRole('searchbox').fill('work_dir');
  await page.getByText('1 flag', { exact: true }).waitFor();
  const row = page.getByRole('grid', { name: 'Flags' }).getByRole('row').nth(1);
  await shows(row, `work_dir${join(cluster.folder, 'master')}`);
});

test('each of these views is accessible, light and dark, and as wide as a telephone', async () => {
  const page = await open('#/offers', { viewport: { width: 360, height: 700 } });
  const views = [
    ['offers', 'Offers'],
    ['roles', 'Roles'],
    ['roles/eng', 'Role'],
    ['maintenance', 'Maintenance'],
    ['roles/eng%2Fweb', 'Role'],
    ['events', 'Events'],
  ] as const;
  await eachView(page, views, async (what) => {
    expect(await accessibility(page), what).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth'), what).toBe(360);
  });
});

test('on a telephone names have room, the menu closes, and a dialog ends with its view', async () => {
  const page = await open('#/frameworks', { viewport: { width: 360, height: 700 } });
  const row = page.getByRole('grid', { name: 'Frameworks' }).getByRole('row').nth(1);
  expect((await row.locator('td').first().boundingBox())?.width).toBeGreaterThan(120);
  await page.getByRole('button', { name: 'Menu' }).click();
  const menu = page.getByRole('navigation', { name: 'Views' });
  await menu.waitFor();
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Menu' }).click();
  await menu.getByRole('link', { name: 'Roles' }).click();
  await page.getByRole('button', { name: 'Set the weight' }).click();
  await page.getByRole('dialog').waitFor();
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('the browser has had nothing to complain of', () => {
  expect(complaints).toEqual([]);
});
