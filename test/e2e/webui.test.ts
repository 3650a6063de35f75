// The operators' page in a real browser, against a real master and agent with real tasks.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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
import { freePort, LITTLE, TestCluster, until } from '../support/cluster.ts';

/** Would be a script, turn the text around it, hide within it, or push all else away. */
const HOSTILE = '<img src=x onerror="document.title=1">\u202egnp\u200b';
const LONG = 'x'.repeat(10_000);

const DOMAIN = ['--domain={"fault_domain":{"region":{"name":"north"},"zone":{"name":"a"}}}'];

const cluster = new TestCluster();
let browser: Browser;
let framework = '';
/** What the browser has complained of, but for masters that are gone or refuse something. */
const complaints: string[] = [];

const task = (name: string, command: string, more: object = {}) => ({
  name,
  task_id: { value: name.length < 30 && /^[\w-]+$/.test(name) ? name : 'odd' },
  agent_id: { value: '' },
  resources: LITTLE,
  command: { value: command },
  ...more,
});

beforeAll(async () => {
  await cluster.start({ agent: [...DOMAIN, '--attributes=rack:r7'], master: DOMAIN });
  browser = await startBrowser();
  const labels = { labels: [{ key: 'tier', value: 'front' }] };
  cluster.execute('front', 'task', task('front', 'echo hello; sleep 1000', { labels }));
  cluster.execute(
    'odd',
    'task',
    task(HOSTILE, 'sleep 1000', { labels: { labels: [{ key: LONG }] } }),
  );
  const failing = cluster.execute('failing', 'task', task('failing', 'echo oh no >&2; exit 3'));
  await failing.ended();
  await until('all tasks run', async () => {
    const { tasks } = (await cluster.get('/tasks')) as {
      tasks: { id: string; state: string; framework_id: string }[];
    };
    framework = tasks.find(({ id }) => id === 'failing')?.framework_id ?? '';
    return tasks.filter(({ state }) => state === 'TASK_RUNNING').length === 2 && framework !== '';
  });
});
afterEach((context) => tellOfFailure(browser, context));
afterAll(async () => {
  await browser?.close();
  await cluster.stop();
});

const pages = new KeptPages();

async function open(hash: string, options: object = {}, master = cluster.address): Promise<Page> {
  const page = await pages.get(JSON.stringify([master, options]), () =>
    newPage(browser, { options, complaints }),
  );
  await page.goto(`http://${master}/${hash}`);
  return page;
}

test('the overview shows what is taken, and each view leads on', async () => {
  const page = await open('');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page
    .getByText(/0\.\d+ of 4/)
    .first()
    .waitFor();
  await page.getByText('Measured on 1 agent, with executors.').waitFor();
  for (const name of ['Tasks', 'Frameworks', 'Agents', 'Overview']) {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  }
});

test('tasks are found by state, words and labels, and links show the same', async () => {
  const page = await open('#/tasks');
  const rows = page.getByRole('grid', { name: 'Tasks' }).getByRole('row');
  await page.getByText('2 tasks').waitFor();
  await page.getByRole('button', { name: /^Failed/ }).click();
  await page.getByText('1 task', { exact: true }).waitFor();
  await shows(rows.nth(1), 'failing');
  expect(page.url()).toContain('#/tasks?state=TASK_FAILED');
  await page.goto(`http://${cluster.address}/#/tasks?state=all&label=tier:front`);
  await page.getByText('1 task', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Without the filter label' }).click();
  await page.getByText('3 tasks').waitFor();
  await page.keyboard.press('f');
  await page.keyboard.type('fail north');
  await page.getByText('No task passes these filters.').waitFor();
});

test('a task tells why it failed', async () => {
  const page = await open(`#/tasks/${framework}/failing`);
  await page.getByText('Command exited with status 3').waitFor();
  await page.getByText('It ended with a failure.').waitFor();
  await page.locator('pre').getByText('oh no').waitFor();
  await page.getByRole('heading', { name: 'What it runs' }).waitFor();
  await page.getByText(/^sh -c '/).waitFor();
});

test('what a task has printed is read through the master, searched, and found in its folder', async () => {
  const page = await open(`#/tasks/${framework}/failing`);
  await page.getByRole('link', { name: 'stderr' }).click();
  const text = page.getByRole('main').locator('pre');
  await text.getByText('oh no').waitFor();
  await page.getByRole('searchbox', { name: 'Search in the file' }).fill('OH NO');
  await page.getByText('1 of 1').waitFor();
  await page.getByRole('link', { name: 'Files', exact: true }).click();
  const files = page.getByRole('grid', { name: 'Files' }).getByRole('row');
  await files.getByRole('link', { name: 'Download stdout' }).waitFor();
  await page.getByRole('button', { name: 'Size' }).click();
  await files
    .nth(1)
    .getByRole('link', { name: /^std(err|out)$/ })
    .waitFor();
  const archive = page.waitForEvent('download');
  await page.getByRole('link', { name: 'All as an archive' }).click();
  const names = execFileSync('tar', ['-tf', await (await archive).path()], { encoding: 'utf8' });
  expect(names.split('\n')).toContainEqual(expect.stringMatching(/^[-\w]+\/stderr$/));
  expect(await accessibility(page)).toEqual([]);
});

test('everything is searched from anywhere, by keys alone', async () => {
  const page = await open('#/tasks');
  await page.getByText('2 tasks').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('failing');
  const option = page.getByRole('option', { name: /^failing/ });
  await option.and(page.locator('[aria-selected=true]')).waitFor();
  await page.keyboard.type(' nothing has this');
  await page.getByText('Nothing has these words').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('127.0.0.1');
  await page.getByRole('group', { name: /^Agents/ }).waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Facts' }).waitFor();
  expect(page.url()).toContain('#/agents/');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.context().close();
});

test('all of it goes by keys', async () => {
  const page = await open('');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  const table = page.getByRole('grid', { name: 'Tasks' });
  await table.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Life' }).waitFor();
});

test('names do no harm, and what they hide is shown', async () => {
  for (const hash of ['#/tasks', `#/tasks?state=all&q=onerror`]) {
    const page = await open(hash, { viewport: { width: 360, height: 700 } });
    const name = page.getByRole('grid').getByText('‹202E›gnp‹200B›').first();
    await name.waitFor();
    expect(await page.title()).toBe('Tasks · Mesoscale');
    // Even so narrow, a row says what it is, whose and where.
    const links = page.getByRole('row').nth(1).getByRole('link').filter({ visible: true });
    expect(await links.count()).toBe(3);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await name.click();
    await page.getByRole('heading', { name: 'Facts' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  }
});

test('each view is accessible, light and dark', async () => {
  const { slaves } = (await cluster.get('/slaves')) as { slaves: { id: string }[] };
  const page = await open('');
  const views = [
    ['', 'Overview'],
    ['tasks?state=all', 'Tasks'],
    ['agents', 'Agents'],
    ['frameworks?state=completed', 'Frameworks'],
    ['agents?view=map&by=rack', 'Agents'],
    [`tasks/${framework}/failing`, 'Task'],
    [`agents/${slaves[0]?.id}`, 'Agent'],
    [`frameworks/${framework}`, 'Framework'],
    ['nowhere', 'Nothing here'],
  ] as const;
  await eachView(page, views, async (what) => expect(await accessibility(page), what).toEqual([]));
});

test('links of the old page lead on', async () => {
  const page = await open('#/slaves/no-such-agent');
  await page.getByText('There is no such agent').waitFor();
  expect(page.url()).toContain('#/agents/no-such-agent');
});

test('a master that is killed is missed, and found again', async () => {
  const page = await open('#/tasks');
  await page.getByText('2 tasks').waitFor();
  await cluster.master.kill('SIGKILL');
  await page.getByText('Connection lost.').waitFor();
  // What was told stays to be seen.
  expect(await page.getByRole('row').count()).toBe(3);
  await cluster.startMaster(DOMAIN);
  await page.getByText('Connection lost.').waitFor({ state: 'detached' });
  await page.getByText('2 tasks').waitFor();
});

test('who signs in is known, and known again by a master that was started anew', async () => {
  const port = await freePort();
  const credentials = join(cluster.folder, 'credentials.json');
  const ada = { principal: 'ada', secret: 'wö rd' };
  writeFileSync(credentials, JSON.stringify({ credentials: [ada] }));
  const start = async () => {
    const flags = [
      ...['master', '--ip=127.0.0.1', `--port=${port}`, `--credentials=${credentials}`],
      ...['--registry=in_memory', '--authenticate_http_readonly', '--authenticate_http_readwrite'],
    ];
    const master = cluster.run(flags, 'closed-master.log');
    await until('it answers', async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok);
    return master;
  };
  const master = await start();
  const page = await open('', {}, `127.0.0.1:${port}`);
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.waitFor();
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Secret').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The master does not know this name and secret.').waitFor();
  await page.getByLabel('Secret').fill('wö rd');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('ada', { exact: true }).waitFor();
  await page.getByText('0 of 0').first().waitFor();
  await master.kill('SIGKILL');
  await page.getByText('Connection lost.').waitFor();
  const next = await start();
  await page.getByText('Connection lost.').waitFor({ state: 'detached' });
  expect(await dialog.count()).toBe(0);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await dialog.waitFor();
  await next.kill('SIGKILL');
});

test('the browser has had nothing to complain of', () => {
  expect(complaints).toEqual([]);
});
