// The page at its limits, in a real browser: people who may see nothing, names that mean harm in
// everything that asks or explains, thousands of rows, and a master that dies meanwhile.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { rulesOf } from '../../src/cli/secure/principals.ts';
import { objectsOfLists } from '../../src/security/acl-kinds.ts';
import {
  accessibility,
  KeptPages,
  openPage,
  startBrowser,
  tellOfFailure,
} from '../support/browser.ts';
import { LITTLE, TestCluster, until } from '../support/cluster.ts';

const SECRETS = { ada: 'ada-secret', eve: 'eve-secret', vic: 'vic-secret' };
type User = keyof typeof SECRETS;

/** Would be scripts, turn the text around them, hide in it, and push all else away. */
const HARM = '<script>document.title=1</script><img src=x onerror="document.title=1">';
const HIDING = '\u202egnp.\u200b\u2066';
const NAME = `${HARM}${HIDING}${'x'.repeat(10_000)}`;
/** No blank and no slash may be in a role. */
const ROLE = `<svg\u00a0onload=document.title=1>${HIDING}${'y'.repeat(900)}`;
const MANY = 3_000;
const DENIED = 'You may not see this';

const cluster = new TestCluster();
const scheduler = new AbortController();
const complaints: string[] = [];
let browser: Browser;
let framework = '';
let agent = '';
let flags: readonly string[] = [];

const NONE = { type: 'NONE' };
const eve = { values: ['eve'] };
/** As `mesoscale secure add viewer` has it: what it does not allow is allowed to nobody there. */
const ALLOWED = rulesOf('viewer', 'vic', { roles: [], users: [] });
const FORBIDDEN = Object.entries(objectsOfLists)
  .filter(([list]) => !(list in ALLOWED))
  .map(([list, objects]) => [list, [{ principals: { values: ['vic'] }, [objects]: NONE }]]);
const ACLS = {
  ...Object.fromEntries(FORBIDDEN),
  view_frameworks: [{ principals: eve, users: NONE }],
  view_tasks: [{ principals: eve, users: NONE }],
  view_executors: [{ principals: eve, users: NONE }],
  view_roles: [{ principals: eve, roles: NONE }],
  get_quotas: [{ principals: eve, roles: NONE }],
  view_flags: [{ principals: eve, flags: NONE }],
  get_endpoints: [{ principals: eve, paths: NONE }],
  get_maintenance_schedules: [{ principals: eve, machines: NONE }],
  get_maintenance_statuses: [{ principals: eve, machines: NONE }],
};

async function post(path: string, body: object): Promise<Response> {
  const response = await fetch(`http://${cluster.address}${path}`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${btoa(`ada:${SECRETS.ada}`)}`,
      'Content-Type': 'application/json',
      Accept: 'application/json',
    },
    body: JSON.stringify(body),
    signal: scheduler.signal,
  });
  expect(response.ok, path).toBe(true);
  return response;
}

/** A framework that answers no offer. */
async function subscribe(): Promise<void> {
  const framework_info = {
    ...{ user: 'nobody', name: NAME, roles: [ROLE] },
    capabilities: [{ type: 'MULTI_ROLE' }, { type: 'RESERVATION_REFINEMENT' }],
  };
  const call = { type: 'SUBSCRIBE', subscribe: { framework_info } };
  const events = await post('/api/v1/scheduler', call);
  events.body?.pipeTo(new WritableStream()).catch(() => {});
}

beforeAll(async () => {
  const credentials = join(cluster.folder, 'credentials.json');
  const entries = Object.entries(SECRETS).map(([principal, secret]) => ({ principal, secret }));
  writeFileSync(credentials, JSON.stringify({ credentials: entries }));
  flags = [
    ...['--authenticate_http_readonly', '--authenticate_http_readwrite'],
    ...[`--credentials=${credentials}`, `--acls=${JSON.stringify(ACLS)}`],
  ];
  cluster.login = `ada:${SECRETS.ada}`;
  await cluster.start({ master: [...flags] });
  browser = await startBrowser();
  cluster.execute('front', 'task', {
    ...{ name: 'front', task_id: { value: 'front' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  });
  const known = async () => {
    const { frameworks } = (await cluster.get('/frameworks')) as {
      frameworks: { id: string; name: string; tasks: { state: string; slave_id: string }[] }[];
    };
    return frameworks;
  };
  agent = await until('the task runs', async () => {
    const [task] = (await known()).flatMap(({ tasks }) => tasks);
    return task?.state === 'TASK_RUNNING' && task.slave_id;
  });
  const weights = Array.from({ length: MANY }, (_, at) => ({ role: `many-${at}`, weight: 2 }));
  await post('/api/v1', { type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: weights } });
  await subscribe();
  framework = await until('the framework is there', async () => {
    const all = await known();
    return all.find(({ name }) => name === NAME)?.id;
  });
});
afterEach((context) => tellOfFailure(browser, context));
afterAll(async () => {
  await browser?.close();
  scheduler.abort();
  await cluster.stop();
});

const pages = new KeptPages();

async function signIn(page: Page, user: User): Promise<void> {
  await page.getByLabel('Name').fill(user);
  await page.getByLabel('Secret').fill(SECRETS[user]);
  await page.keyboard.press('Enter');
  await page.getByText(user, { exact: true }).waitFor();
}

/** The user's page of that size, where they are signed in. */
async function open(hash: string, user: User, options: object = {}): Promise<Page> {
  const home = `http://${cluster.address}/`;
  const page = await pages.get(JSON.stringify([user, options]), async () => {
    const made = await openPage(browser, home, { options, complaints });
    await signIn(made, user);
    return made;
  });
  await page.goto(`${home}${hash}`);
  await page.getByText(user, { exact: true }).waitFor();
  return page;
}

/** The narrowest that people have. */
const NARROW = { viewport: { width: 320, height: 640 } };

/** Nothing is cut off at the right, and all of it can be read. */
async function fits(page: Page, what: string): Promise<void> {
  const { width } = page.viewportSize() ?? { width: 0 };
  expect(await page.evaluate('document.documentElement.scrollWidth'), what).toBeLessThanOrEqual(
    width,
  );
  expect(await accessibility(page), what).toEqual([]);
}

/** What is scrolled sideways in a dialog. */
const TOO_WIDE = `[...document.querySelectorAll('dialog')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
  .map(({ textContent }) => textContent)`;

/** Another place of the page, whose view has been drawn. */
async function go(page: Page, hash: string, heading: string | RegExp): Promise<void> {
  await page.goto(`http://${cluster.address}/${hash}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}

test('who may see nothing is told so, and is shown nothing', async () => {
  const page = await open('', 'eve', NARROW);
  const views: readonly [string, string | RegExp, string][] = [
    ['', 'Overview', DENIED],
    ['#/flags', 'Flags', DENIED],
    ['#/tasks?state=all', 'Tasks', 'No tasks'],
    ['#/frameworks?state=all', 'Frameworks', 'No frameworks'],
    ['#/roles', 'Roles', 'No roles'],
    ['#/offers', 'Offers', 'No offers'],
    ['#/maintenance', 'Maintenance', 'No maintenance'],
    [`#/agents/${agent}`, /./, 'No'],
  ];
  for (const [hash, heading, notice] of views) {
    await go(page, hash, heading);
    const text = await until(`${hash} says ${notice}`, async () => {
      const shown = (await page.getByRole('main').textContent()) ?? '';
      return shown.includes(notice) && shown;
    });
    expect(text, hash).not.toMatch(/front|many-|gnp|yyy/);
    if (notice === DENIED) {
      await fits(page, hash);
    }
  }
  await page.goto(`http://${cluster.address}/#/frameworks/${framework}/why`);
  await page.getByText('There is no such framework').waitFor();
});

test('names do no harm where something is explained, planned or done', async () => {
  const page = await open('', 'ada', { viewport: { width: 360, height: 700 } });
  const harmless = async (what: string) => {
    expect(await page.title(), what).toContain('Mesoscale');
    expect(await page.evaluate('document.documentElement.scrollWidth'), what).toBe(360);
    expect(await page.evaluate(TOO_WIDE), what).toEqual([]);
    expect(await accessibility(page), what).toEqual([]);
  };
  await go(page, `#/frameworks/${framework}/why`, /gnp/);
  await page.getByRole('heading', { level: 2 }).getByText('‹202E›gnp').first().waitFor();
  await harmless('why not');
  await go(page, `#/frameworks/${framework}`, /gnp/);
  await page.getByRole('button', { name: 'Tear down' }).click();
  await page.getByRole('dialog').getByText('‹202E›gnp').first().waitFor();
  await harmless('the dialog of an action');
  await page.keyboard.press('Escape');
  await go(page, `#/roles/${encodeURIComponent(ROLE)}`, /gnp/);
  await page.getByRole('button', { name: 'Set the quota' }).click();
  await page.getByRole('dialog').waitFor();
  await harmless('the form of a quota');
  await page.keyboard.press('Escape');
  await go(page, `#/what-if?kind=remove&framework=${framework}`, 'What if?');
  await page.getByText('‹202E›gnp').filter({ visible: true }).first().waitFor();
  await harmless('a plan');
});

test('a viewer sees everything, changes nothing, and is told so', async () => {
  const page = await open('', 'vic');
  const { tasks } = (await cluster.get('/tasks')) as { tasks: { framework_id: string }[] };
  const task = `#/tasks/${tasks[0]?.framework_id}/front`;
  const views: readonly [string, string | RegExp, string][] = [
    ['', 'Overview', 'allocated'],
    ['#/flags', 'Flags', 'authenticate_agents'],
    ['#/frameworks', 'Frameworks', 'gnp'],
    ['#/roles', 'Roles', 'many-'],
    ['#/offers', 'Offers', 'the oldest from'],
    ['#/maintenance', 'Maintenance', 'Nothing is scheduled'],
    [`#/what-if?agents=${agent}`, 'What if?', 'Tasks that end: 1 task.'],
    [`#/frameworks/${framework}/why?cpus=64`, /./, 'No agent is large enough'],
    [`#/agents/${agent}/files`, /./, 'no files of its own'],
    [`${task}/files`, /front/, 'stdout'],
  ];
  for (const [hash, heading, notice] of views) {
    await go(page, hash, heading);
    await page.getByRole('main').getByText(notice).first().waitFor();
    expect(await page.getByText(DENIED).count(), hash).toBe(0);
  }
  const dialog = page.getByRole('dialog');
  for (const [hash, verb] of [
    [task, 'Kill'],
    [`#/agents/${agent}`, 'Deactivate'],
    [`#/roles/many-1`, 'Set the weight'],
  ] as const) {
    await go(page, hash, /./);
    await page.getByRole('button', { name: verb }).click();
    await dialog.getByRole('button', { name: verb, disabled: false }).click();
    await dialog.getByRole('alert').getByText('The master does not allow this to you.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText(new RegExp(`Not allowed to you: .*${verb}`)).waitFor();
  }
});

test('a display on a wall is filled, and what is magnified there stays whole', async () => {
  const page = await open('', 'ada', { colorScheme: 'light' });
  const views: readonly [string, string | RegExp][] = [
    ['', 'Overview'],
    ['#/tasks', 'Tasks'],
    ['#/agents?view=map', 'Agents'],
    ['#/roles', 'Roles'],
  ];
  // Its own size, and as a browser has it at 200 %.
  for (const [width, height] of [
    [1920, 1080],
    [960, 540],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const [hash, heading] of views) {
      await go(page, hash, heading);
      await fits(page, `${hash} at ${width}`);
      const main = await page.getByRole('main').boundingBox();
      expect((main?.x ?? 0) + (main?.width ?? 0), `${hash} at ${width}`).toBeGreaterThan(
        width - 20,
      );
    }
  }
});

test('thousands of rows are as quick as ten, and searched', async () => {
  const page = await open('#/roles', 'ada');
  await page.getByText(/3,00\d roles/).waitFor();
  const table = page.getByRole('treegrid', { name: 'Roles' });
  await table.getByText('many-0', { exact: true }).waitFor();
  expect(await table.getByRole('row').count()).toBeLessThan(150);
  await table.focus();
  await page.keyboard.press('End');
  await table.getByText('many-999', { exact: true }).waitFor();
  await page.keyboard.press('f');
  await page.keyboard.type('MANY-1234');
  await page.getByText('1 role', { exact: true }).waitFor();
});

test('a master that is killed takes neither place, nor filter, nor focus away', async () => {
  // Where one has signed in, the page does so again by itself.
  const place = `http://${cluster.address}/#/tasks?state=all&q=fron`;
  const page = await openPage(browser, place, { options: NARROW, complaints });
  await signIn(page, 'ada');
  await page.getByText('1 task', { exact: true }).waitFor();
  const search = page.getByRole('searchbox');
  await search.focus();
  await cluster.master.kill('SIGKILL');
  await page.getByText('Connection lost.').waitFor();
  await fits(page, 'a lost connection');
  await search.focus();
  await page.keyboard.press('End');
  await page.keyboard.type('t');
  await cluster.startMaster(flags);
  await page.getByText('Connection lost.').waitFor({ state: 'detached' });
  await page.getByText('1 task', { exact: true }).waitFor();
  expect(new URL(page.url()).hash).toBe('#/tasks?state=all&q=front');
  expect(await search.inputValue()).toBe('front');
  expect(await page.evaluate('document.activeElement.value')).toBe('front');
});

test('who guesses is told to wait, and how long', async () => {
  const page = await openPage(browser, `http://${cluster.address}/`, { complaints });
  await page.getByLabel('Name').fill('eve');
  await page.getByLabel('Secret').fill('another one');
  let secret = 0;
  const guess = async () => {
    const headers = { 'X-Mesoscale-Page': '1', Authorization: `Basic ${btoa(`eve:${secret++}`)}` };
    const url = `http://${cluster.address}/webui/session`;
    return (await fetch(url, { method: 'POST', headers })).status;
  };
  // One more may be tried every three seconds.
  await until('the page has to wait', async () => {
    while ((await guess()) !== 429) {}
    await page.keyboard.press('Enter');
    const said = await page.getByRole('alert').textContent();
    return /^Too many wrong secrets .* Try again in [1-3] seconds\.$/.test(said ?? '');
  });
  expect(secret).toBeGreaterThan(20);
  await page.context().close();
});

test('the browser has had nothing to complain of', () => {
  expect(complaints).toEqual([]);
});
