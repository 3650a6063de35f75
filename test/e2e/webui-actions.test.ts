// What an operator does from the page, in a real browser, and what a master refuses.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  accessibility,
  KeptPages,
  shows,
  startBrowser,
  tellOfFailure,
} from '../support/browser.ts';
import { freePort, LITTLE, TestCluster, until } from '../support/cluster.ts';
import { callAs, openAs, runLine, SECRETS, type User } from '../support/signed-in.ts';

const DENIED = 'The master does not allow this to you.';
const NONE = { type: 'NONE' };
const bob = { values: ['bob'] };

const cluster = new TestCluster();
let browser: Browser;
let agent = '';
let framework = '';

beforeAll(async () => {
  const credentials = join(cluster.folder, 'credentials.json');
  const entries = Object.entries(SECRETS).map(([principal, secret]) => ({ principal, secret }));
  writeFileSync(credentials, JSON.stringify({ credentials: entries }));
  const acls = {
    drain_agents: [{ principals: bob, agents: NONE }],
    deactivate_agents: [{ principals: bob, agents: NONE }],
    reactivate_agents: [{ principals: bob, agents: NONE }],
    mark_agents_gone: [{ principals: bob, agents: NONE }],
    teardown_frameworks: [{ principals: bob, framework_principals: NONE }],
    update_quotas: [{ principals: bob, roles: NONE }],
    update_weights: [{ principals: bob, roles: NONE }],
    reserve_resources: [{ principals: bob, roles: NONE }],
    unreserve_resources: [{ principals: bob, reserver_principals: NONE }],
    create_volumes: [{ principals: bob, roles: NONE }],
    destroy_volumes: [{ principals: bob, creator_principals: NONE }],
    resize_volumes: [{ principals: bob, roles: NONE }],
    update_maintenance_schedules: [{ principals: bob, machines: NONE }],
    start_maintenances: [{ principals: bob, machines: NONE }],
    stop_maintenances: [{ principals: bob, machines: NONE }],
  };
  // What the agent knows of who asks it is the master's word, which it takes with a credential.
  const credential = join(cluster.folder, 'credential.json');
  writeFileSync(credential, JSON.stringify(entries[0]));
  const agentAcls = {
    launch_nested_container_sessions_under_parent_with_user: [{ principals: bob, users: NONE }],
  };
  await cluster.start({
    agent: [
      ...['--authenticate_http_readwrite', `--http_credentials=${credentials}`],
      ...[`--credential=${credential}`, `--acls=${JSON.stringify(agentAcls)}`],
    ],
    master: [
      ...[`--credentials=${credentials}`, '--authenticate_http_readwrite'],
      `--acls=${JSON.stringify(acls)}`,
    ],
  });
  browser = await startBrowser();
  cluster.execute('front', 'task', {
    ...{ name: 'front', task_id: { value: 'front' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  });
  await until('the task runs', async () => {
    const { tasks } = (await cluster.get('/tasks')) as {
      tasks: { state: string; framework_id: string; slave_id: string }[];
    };
    agent = tasks[0]?.slave_id ?? '';
    framework = tasks[0]?.framework_id ?? '';
    return tasks[0]?.state === 'TASK_RUNNING';
  });
});
afterEach((context) => tellOfFailure(browser, context));
afterAll(async () => {
  await browser?.close();
  await cluster.stop();
});

const pages = new KeptPages();

/** The user's page, where they are signed in; what was refused to them is forgotten. */
async function open(hash: string, user: User): Promise<Page> {
  const home = `http://${cluster.address}/`;
  const page = await pages.get(user, () => openAs(browser, home, user));
  await page.goto(`${home}${hash}`);
  await page.getByText(user, { exact: true }).waitFor();
  return page;
}

/** Calls of ada's, past the page. */
const callText = (call: object): Promise<string> => callAs('ada', cluster.address, call);

async function ask(call: object): Promise<unknown> {
  const text = await callText(call);
  return text === '' ? {} : JSON.parse(text);
}

/** Tries each, in the page and then in its dialog, and is offered none of them again. */
async function isRefused(page: Page, ...verbs: readonly string[]): Promise<void> {
  const form = page.getByRole('dialog');
  for (const verb of verbs) {
    await page.getByRole('button', { name: verb, exact: true }).first().click();
    await form.getByRole('button', { name: verb, exact: true }).click();
    await form.getByRole('alert').getByText(DENIED).waitFor();
    await page.keyboard.press('Escape');
    await page
      .getByText(new RegExp(`Not allowed to you: .*${verb}`))
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: verb, exact: true }).count()).toBe(0);
  }
}

test('an agent is deactivated and reactivated, and by its line as well', async () => {
  const page = await open(`#/agents/${agent}`, 'ada');
  await page.getByRole('button', { name: 'Deactivate' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 task runs on.').waitFor();
  const line = (await dialog.locator('.curl-line').textContent()) ?? '';
  await dialog.getByRole('button', { name: 'Deactivate' }).click();
  await dialog.getByText('The agent is deactivated.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Deactivated', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Reactivate' }).click();
  await dialog.getByRole('button', { name: 'Reactivate' }).click();
  await dialog.getByText('The agent is offered again.').waitFor();
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await page.getByText('Active', { exact: true }).waitFor();
  const refused = await open(`#/agents/${agent}`, 'bob');
  await isRefused(refused, 'Deactivate', 'Mark gone');
  await runLine(line, 'ada');
  await page.getByText('Deactivated', { exact: true }).waitFor();
  await isRefused(refused, 'Reactivate');
  await runLine(line.replaceAll('DEACTIVATE', 'REACTIVATE').replace('deact', 'react'), 'ada');
  await page.getByText('Active', { exact: true }).waitFor();
});

test('who may not is told so, and is not offered it again', async () => {
  const page = await open(`#/agents/${agent}`, 'bob');
  await page.getByRole('button', { name: 'Drain' }).click();
  const dialog = page.getByRole('dialog');
  // With a choice it may be the choice that is refused, so that the rest is offered on.
  await dialog.getByLabel('Mark it gone when it is drained').check();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByRole('alert').getByText(DENIED).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByRole('alert').getByText(DENIED).waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Not allowed to you: Drain.').waitFor();
  expect(await page.getByRole('button', { name: 'Drain' }).count()).toBe(0);
  await page.goto(`http://${cluster.address}/#/frameworks/${framework}`);
  await page.getByRole('button', { name: 'Tear down' }).click();
  await dialog.getByRole('button', { name: 'Tear down' }).click();
  await dialog.getByRole('alert').getByText(DENIED).waitFor();
});

test('a drain that cannot be is refused in the words of the master', async () => {
  const page = await open(`#/agents/${agent}`, 'ada');
  await page.route('**/api/v1', (route) => {
    const body = route.request().postData() ?? '';
    // As if the agent had gone while the dialog was open.
    return route.continue({ postData: body.replace(`"value":"${agent}"`, '"value":"no-such"') });
  });
  await page.getByRole('button', { name: 'Drain' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 task ends.').waitFor();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByRole('alert').getByText('Unknown agent').waitFor();
  expect(await page.getByRole('button', { name: 'Drain' }).count()).toBeGreaterThan(0);
});

test('a framework is told why it gets no more, and a demand that nobody can meet', async () => {
  const page = await open(`#/frameworks/${framework}`, 'ada');
  await page.getByRole('link', { name: 'Why not?' }).click();
  await page.getByText('Of 1 agent it has').waitFor();
  await page.locator('.reasons').getByRole('link').waitFor();
  await page.getByLabel('CPUs').fill('64');
  await page.getByText('Never: 1 agent with too few CPUs; the most is 4.').waitFor();
  expect(page.url()).toContain(`#/frameworks/${framework}/why?cpus=64`);
});

test('what a drain would end is told, and nothing has been done', async () => {
  const page = await open('#/what-if?q=no-such-host', 'ada');
  await page.getByText('Nothing is planned').waitFor();
  await page.keyboard.press('f');
  await page.keyboard.press('Control+A');
  // The last two letters come just when the place has followed the others, and is then shown.
  await page.evaluate(`{
    const replaceState = history.replaceState.bind(history);
    const insert = (letter) => document.execCommand('insertText', false, letter);
    history.replaceState = (...change) => {
      history.replaceState = replaceState;
      replaceState(...change);
      queueMicrotask(() => insert('${agent.at(-2)}'));
      requestAnimationFrame(() => requestAnimationFrame(() => insert('${agent.at(-1)}')));
    };
  }`);
  await page.keyboard.insertText(agent.slice(0, -2));
  await page.waitForURL(`**/*=${agent}`);
  await page.getByText('Tasks that end: 1 task.').waitFor();
  const cpus = page.getByRole('row', { name: /^CPUs in all/ });
  expect(await cpus.getByRole('cell').allTextContents()).toEqual(['CPUs in all', '4', '0']);
  await page.getByRole('button', { name: 'Drain', exact: true }).waitFor();
  const { slaves } = (await cluster.get('/slaves')) as { slaves: { active: boolean }[] };
  expect(slaves).toMatchObject([{ active: true }]);
});

test('what if is asked from what it is about', async () => {
  const page = await open(`#/agents/${agent}`, 'ada');
  await page.getByRole('link', { name: 'What if?' }).last().click();
  await page.getByText('1 agent drained').waitFor();
  await page.goto(`http://${cluster.address}/#/frameworks/${framework}`);
  await page.getByRole('link', { name: 'What if?' }).last().click();
  await page.getByText('Tasks that end: 1 task.').waitFor();
  await page.getByRole('button', { name: 'Tear down' }).waitFor();
  await page.getByRole('button', { name: 'Add agents' }).click();
  await page.getByLabel('How many').fill('3');
  await page.getByLabel('CPUs').fill('8');
  await page.getByLabel('Attributes').fill('rack');
  await page.getByText('Attributes are as rack:7; zone:a.').waitFor();
  await page.getByLabel('Attributes').fill('rack:<b>9');
  const cpus = page.getByRole('row', { name: /^CPUs in all/ });
  await cpus.waitFor();
  expect(await cpus.getByRole('cell').allTextContents()).toEqual(['CPUs in all', '4', '28']);
  await page.getByText("--resources='cpus:8' --attributes='rack:<b>9'").waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('button', { name: 'Set a weight' }).click();
  await page.getByLabel('Role').fill('web');
  await page.getByLabel('Weight').fill('3');
  await page.getByText('The weight of web set to 3').waitFor();
  await page.getByRole('button', { name: 'Set the weight' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Set the weight' }).click();
  await dialog.getByText('The weight is set.').waitFor();
  await page.keyboard.press('Enter');
  await page.goto(`http://${cluster.address}/#/roles/web`);
  await page.getByRole('button', { name: 'Set the quota' }).click();
  await dialog.getByLabel('Memory, MB at most').fill('64');
  await dialog.getByRole('link', { name: 'What if?' }).click();
  await page.getByText('The quota of web replaced by this').waitFor();
  expect(await page.getByLabel('Memory, MB at most').inputValue()).toBe('64');
  expect(await dialog.count()).toBe(0);
});

test('a quota is planned, refused to some and in some ways, and set', async () => {
  const place = '#/what-if?kind=quota&role=web&at-most-cpus=2';
  const refused = await open(`${place}&at-least-cpus=1`, 'bob');
  await refused.getByRole('button', { name: 'Set the quota' }).click();
  await refused.getByRole('dialog').getByRole('button', { name: 'Set the quota' }).click();
  await refused.getByRole('alert').getByText(DENIED).waitFor();
  await refused.keyboard.press('Escape');
  await refused.getByText('Not allowed to you: Set the quota.').waitFor();
  await refused.goto(`http://${cluster.address}/#/roles`);
  await refused.getByRole('button', { name: 'Set the weight' }).click();
  const form = refused.getByRole('dialog');
  await form.getByText('Say for which role.').waitFor();
  await form.getByLabel('Role').fill('web');
  await form.getByLabel('Weight').fill('3');
  await form.getByRole('button', { name: 'Set the weight' }).click();
  await form.getByRole('alert').getByText(DENIED).waitFor();
  expect(await form.getByRole('button', { name: 'Set the weight' }).isDisabled()).toBe(true);
  // For another role the master may answer otherwise.
  await form.getByLabel('Role').fill('other');
  await form.getByRole('button', { name: 'Set the weight', disabled: false }).waitFor();
  // More is guaranteed than the limit lets it have.
  const page = await open(`${place}&at-least-cpus=9`, 'ada');
  await page.getByText('CPUs: 9 at least is more than 2 at most.').waitFor();
  // More than there is.
  await page.getByLabel('CPUs at most').fill('20');
  await page.getByText('The quota of web replaced by this').waitFor();
  await page.getByRole('button', { name: 'Set the quota' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Set the quota' }).click();
  await page.getByRole('alert').getByText('exceed cluster capacity').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.getByLabel('CPUs at most').fill('2');
  await page.getByLabel('CPUs at least').fill('1');
  await page.waitForURL(/at-most-cpus=2&at-least-cpus=1$/);
  await page.getByText('The quota of web replaced by this').waitFor();
  await page.getByRole('button', { name: 'Set the quota' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Set the quota' }).click();
  await page.getByText('The quota is set.').waitFor();
  expect(await quotas()).toEqual([{ role: 'web', ...amounts(1, 2) }]);
  await page.keyboard.press('Escape');
  // What is done is not offered again.
  await page.getByText('This is done.').waitFor();
  expect(await page.getByRole('button', { name: 'Set the quota' }).count()).toBe(0);
});

const amounts = (atLeast: number, atMost: number) => ({
  guarantees: { cpus: { value: atLeast } },
  limits: { cpus: { value: atMost } },
});

async function quotas(): Promise<unknown> {
  const { get_quota } = (await ask({ type: 'GET_QUOTA' })) as {
    get_quota: { status: { configs: unknown } };
  };
  return get_quota.status.configs;
}

test('a quota that somebody else has set meanwhile is not overruled unseen', async () => {
  const page = await open('#/roles/web', 'ada');
  const dialog = page.getByRole('dialog');
  const set = dialog.getByRole('button', { name: 'Set the quota' });
  await page.getByRole('button', { name: 'Set the quota' }).click();
  expect(await dialog.getByLabel('CPUs at most').inputValue()).toBe('2');
  await dialog.getByLabel('CPUs at least').fill('2.5');
  await dialog.getByText('CPUs: 2.5 at least is more than 2 at most.').waitFor();
  expect(await set.isDisabled()).toBe(true);
  await dialog.getByLabel('CPUs at most').fill('3');
  await dialog.getByText('What would come of it').waitFor();
  expect(await accessibility(page)).toEqual([]);
  await ask({ type: 'UPDATE_QUOTA', update_quota: { quota_configs: [{ role: 'web' }] } });
  await set.click();
  await dialog.getByText('The quota has been changed since').waitFor();
  await page.keyboard.press('Escape');
  expect(await quotas()).toEqual([{ role: 'web' }]);
  await page.getByText('Nothing is guaranteed').waitFor();
  // By the keyboard alone.
  await page.getByRole('button', { name: 'Set the quota' }).focus();
  await page.keyboard.press('Enter');
  await dialog.getByLabel('CPUs at most').waitFor();
  for (const key of ['Tab', 'Tab', '4']) {
    await page.keyboard.press(key);
  }
  // What would come of it is there before it can be done.
  await dialog.getByRole('button', { name: 'Set the quota', disabled: false }).waitFor();
  await page.keyboard.press('Enter');
  await dialog.getByText('The quota is set.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('0 taken, nothing guaranteed, limit 4').waitFor();
  await page.getByRole('button', { name: 'Remove the quota' }).click();
  await dialog.getByRole('button', { name: 'Remove the quota' }).click();
  await dialog.getByText('The role has no quota any more.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Set the weight' }).click();
  await dialog.getByLabel('Weight').fill('2.5');
  await dialog.getByRole('button', { name: 'Set the weight' }).click();
  await dialog.getByText('The weight is set.').waitFor();
  expect(await ask({ type: 'GET_WEIGHTS' })).toMatchObject({
    get_weights: { weight_infos: [{ role: 'web', weight: 2.5 }] },
  });
});

test('several changes are planned together, and a demand is held to the quota of its role', async () => {
  const page = await open('#/what-if?kind=quota&role=web&at-most-cpus=1', 'ada');
  await page.getByRole('link', { name: 'And what else?' }).click();
  await page.getByText('Together with').waitFor();
  await page.getByRole('button', { name: 'Add agents' }).click();
  await page.getByLabel('How many').fill('2');
  await page.getByLabel('CPUs').fill('8');
  await page.getByText('All 2 changes together').waitFor();
  const cpus = page.getByRole('row', { name: /^CPUs in all/ });
  expect(await cpus.getByRole('cell').allTextContents()).toEqual(['CPUs in all', '4', '20']);
  await page.getByText('The quota of web replaced by this').waitFor();
  await page.getByRole('button', { name: 'Set the quota', exact: true }).waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('link', { name: 'And what else?' }).click();
  await page.getByRole('button', { name: 'Set a weight' }).click();
  const proposed = page.locator('datalist option');
  expect(
    await proposed.evaluateAll((all) => all.map((each) => each.getAttribute('value'))),
  ).toContain('*');
  await page.getByRole('button', { name: 'Without this: 2 agents more' }).click();
  await page.getByRole('button', { name: 'Without this: The quota of web' }).click();
  await page.getByText('Nothing is planned').waitFor();
  const quota_configs = [{ role: '*', limits: { cpus: { value: 1 } } }];
  await ask({ type: 'UPDATE_QUOTA', update_quota: { quota_configs } });
  await page.goto(`http://${cluster.address}/#/frameworks/${framework}/why?cpus=2`);
  await page.getByText('The quota of its role leaves less than this.').waitFor();
  await page.getByText(/Quota of role \*: [\d.]+ of 1 CPUs in use/).waitFor();
  await ask({ type: 'UPDATE_QUOTA', update_quota: { quota_configs: [{ role: '*' }] } });
});

test('maintenance is scheduled, changed, called off, begun and ended', async () => {
  const page = await open('#/maintenance', 'ada');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Schedule maintenance' }).click();
  const search = dialog.getByLabel('Search machines');
  await search.fill('no-such-host');
  await dialog.getByText('No machine of an agent passes this.').waitFor();
  await search.fill(agent);
  // By the keyboard alone.
  for (const key of ['Tab', 'Space']) {
    await page.keyboard.press(key);
  }
  await dialog.getByText('Machines: 1 is chosen').waitFor();
  await dialog.getByText('1 task runs on.').waitFor();
  await dialog.getByLabel('For how many hours').fill('1.5');
  expect(await accessibility(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await dialog.getByText('It is scheduled.').waitFor();
  await page.keyboard.press('Enter');
  expect(await callText({ type: 'GET_MAINTENANCE_SCHEDULE' })).toContain(
    '"duration":{"nanoseconds":5400000000000}',
  );
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  expect(await dialog.getByLabel('For how many hours').inputValue()).toBe('1.5');
  // Beyond what a number of JavaScript holds: a text that reads as one.
  const start = { nanoseconds: '1900000000000000001' };
  const windows = [{ machine_ids: [{ hostname: 'away.example' }], unavailability: { start } }];
  const update_maintenance_schedule = { schedule: { windows } };
  await ask({ type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule });
  await dialog.getByRole('button', { name: 'Change' }).click();
  await dialog.getByRole('alert').getByText('The schedule has been changed since').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('1 machine', { exact: true }).waitFor();
  // Beside what is there, which stays as it is to the last digit.
  await page.getByRole('button', { name: 'Schedule maintenance' }).click();
  await dialog.getByRole('button', { name: 'Choose all' }).click();
  await dialog.getByRole('button', { name: 'Schedule maintenance' }).click();
  await dialog.getByText('It is scheduled.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('2 machines', { exact: true }).waitFor();
  await page.getByTitle(/^Remove the window of 127/).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await dialog.getByText('The window is removed.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('1 machine', { exact: true }).waitFor();
  const { schedule } = update_maintenance_schedule;
  const text = await callText({ type: 'GET_MAINTENANCE_SCHEDULE' });
  expect(text.replaceAll(/(?<=:)\d+/g, '"$&"')).toContain(JSON.stringify(schedule));
  const refused = await open('#/maintenance', 'bob');
  await isRefused(refused, 'Take down', 'Remove');
  for (const [verb, done] of [
    ['Take down', 'Maintenance has begun.'],
    ['Bring up', 'Maintenance has ended.'],
  ] as const) {
    await page.getByRole('button', { name: verb }).first().click();
    await dialog.getByRole('button', { name: verb }).click();
    await dialog.getByText(done).waitFor();
    await page.keyboard.press('Enter');
    if (verb === 'Take down') {
      await isRefused(refused, 'Bring up');
    }
  }
  await page.getByText('Nothing is scheduled').waitFor();
});

test('a task is killed, and its framework is told who did it', async () => {
  const program = cluster.execute('victim', 'task', {
    ...{ name: 'victim', task_id: { value: 'victim' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  });
  await until('it runs', () => program.log.includes('TASK_RUNNING'));
  const { tasks } = (await cluster.get('/tasks')) as {
    tasks: { id: string; framework_id: string }[];
  };
  const owner = tasks.find(({ id }) => id === 'victim')?.framework_id;
  const refused = await open(`#/tasks/${owner}/victim/terminal`, 'bob');
  await refused.getByRole('button', { name: 'Open' }).click();
  await refused.getByText('You may not open this').waitFor();
  expect(await refused.getByRole('button', { name: 'Open' }).count()).toBe(0);
  await refused.getByRole('button', { name: 'Kill' }).click();
  const dialog = refused.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Kill' }).click();
  await dialog.getByRole('alert').getByText(DENIED).waitFor();
  await refused.keyboard.press('Escape');
  await refused.getByText('Not allowed to you: Kill.').waitFor();
  // In a page of its own, which stays there.
  const home = `http://${cluster.address}/`;
  const beside = await openAs(browser, `${home}#/tasks/${owner}/victim/terminal`, 'ada');
  await beside.getByRole('button', { name: 'Open' }).click();
  await beside.getByText(/^Beside container/).waitFor();
  const page = await open(`#/tasks/${owner}/victim`, 'ada');
  await page.getByRole('button', { name: 'Kill' }).click();
  await page.getByRole('spinbutton').fill('7');
  const line = (await page.locator('.curl-line').textContent()) ?? '';
  expect(line).toContain('"kill_policy":{"grace_period":{"nanoseconds":7000000000}}');
  await runLine(line, 'ada');
  await page.getByText("Killed by operator 'ada': ").waitFor();
  await program.ended();
  expect(program.log).toContain("Killed by operator 'ada'");
  // It has ended while the dialog was open.
  await page.getByRole('dialog').getByRole('button', { name: 'Kill' }).click();
  await page
    .getByRole('alert')
    .getByText(/The task has ended already|No .* found/)
    .waitFor();
  await beside.getByText('The task has ended, and this with it.').waitFor();
  // No other terminal is offered beside it.
  expect(await beside.getByRole('button', { name: /Again|Open/ }).count()).toBe(0);
  await beside.context().close();
});

test('resources are reserved, made a volume of, resized and given back', async () => {
  const refused = await open(`#/agents/${agent}/resources`, 'bob');
  const form = refused.getByRole('dialog');
  await refused.getByRole('button', { name: 'Reserve', exact: true }).click();
  await form.getByLabel('For the role').fill('web');
  await form.getByLabel('Disk, MB').fill('300');
  await form.getByRole('button', { name: 'Reserve' }).click();
  await form.getByRole('alert').getByText(DENIED).waitFor();
  expect(await form.getByRole('button', { name: 'Reserve' }).isDisabled()).toBe(true);
  const page = await open(`#/agents/${agent}/resources`, 'ada');
  const dialog = page.getByRole('dialog');
  const act = async (verb: string, fields: Readonly<Record<string, string>> = {}, nth = 0) => {
    await page.getByRole('button', { name: verb, exact: true }).nth(nth).click();
    for (const [label, value] of Object.entries(fields)) {
      await dialog.getByLabel(label).fill(value);
    }
    await dialog.getByRole('button', { name: verb, exact: true }).click();
  };
  const isDone = async () => {
    await dialog.getByText('The master has taken it').waitFor();
    await page.keyboard.press('Enter');
  };
  await page.getByRole('row', { name: 'CPUs 4 0.1' }).waitFor();
  await page.getByRole('button', { name: 'Reserve', exact: true }).click();
  await dialog.getByText('Say for which role.').waitFor();
  await dialog.getByLabel('For the role').fill('web');
  await dialog.getByLabel('Disk, MB').fill('300');
  await dialog.getByLabel('Labels').fill('team=<b>');
  expect(await accessibility(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Reserve' }).click();
  await isDone();
  await page.getByText('web: dynamically, by ada').waitFor();
  await page.getByText('team=<b>').waitFor();
  await act('Reserve', { 'For the role': 'web/a', 'Disk, MB': '20' }, 1);
  await isDone();
  await page.getByRole('heading', { name: 'Reserved for web/a' }).waitFor();
  await act('Unreserve', {}, 1);
  await isDone();
  await act('Create a volume', { Id: 'v1', Size: '100' });
  await isDone();
  await act('Grow', { 'Larger by': '900' });
  await dialog.getByRole('alert').getByText('The resources do not contain').waitFor();
  await dialog.getByLabel('Larger by').fill('50');
  await dialog.getByRole('button', { name: 'Grow' }).click();
  await isDone();
  await act('Shrink', { 'Smaller by': '30' });
  await isDone();
  await page.getByRole('row', { name: 'Volume v1, at data, by ada 120.0 MB none none' }).waitFor();
  expect(await accessibility(page)).toEqual([]);
  await refused.keyboard.press('Escape');
  await isRefused(refused, 'Unreserve', 'Destroy');
  await refused.getByRole('button', { name: 'Create a volume' }).click();
  await form.getByLabel('Id').fill('v2');
  await form.getByLabel('Size').fill('10');
  await form.getByRole('button', { name: 'Create a volume' }).click();
  await form.getByRole('alert').getByText(DENIED).waitFor();
  await refused.keyboard.press('Escape');
  await refused.getByRole('button', { name: 'Grow' }).click();
  await form.getByLabel('Larger by').fill('10');
  await form.getByRole('button', { name: 'Grow' }).click();
  await form.getByRole('alert').getByText(DENIED).waitFor();
  await act('Unreserve');
  await isDone();
  await act('Destroy');
  await isDone();
  await act('Unreserve');
  await isDone();
  await page.getByRole('row', { name: 'Disk 1.0 GB' }).waitFor();
  expect(await page.getByText('Reserved for').count()).toBe(0);
});

test('a framework is torn down, an agent drained and then marked gone', async () => {
  const page = await open(`#/frameworks/${framework}`, 'ada');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Tear down' }).click();
  await dialog.getByText('1 task ends.').waitFor();
  await dialog.getByRole('button', { name: 'Tear down' }).click();
  await dialog.getByText('The framework is removed.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Completed', { exact: true }).waitFor();
  await page.goto(`http://${cluster.address}/#/agents/${agent}`);
  await page.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByText('No task runs there.').waitFor();
  await dialog.getByRole('spinbutton').fill('5');
  await shows(dialog.locator('.curl-line'), '"max_grace_period":{"seconds":5}');
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByText('The agent drains.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Drained', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Mark gone' }).click();
  await dialog.getByRole('button', { name: 'Mark gone' }).click();
  await dialog.getByText('The agent is gone.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('An operator has said that it will never be back.').waitFor();
  await page.getByRole('grid', { name: 'Tasks' }).getByText('front', { exact: true }).waitFor();
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('main').getByRole('link', { name: 'Agents' }).click();
  await page.getByText('No agent is registered').waitFor();
  await page.getByRole('link', { name: 'One that is gone' }).click();
  await page.getByRole('grid', { name: 'Agents' }).getByText('Gone', { exact: true }).waitFor();
});

test('an agent that may not register is told of, with why', async () => {
  const name = 'refused.example';
  const domain = { fault_domain: { region: { name: 'north' }, zone: { name: '<b>' } } };
  const folder = join(cluster.folder, 'refused');
  const port = await freePort();
  const program = cluster.run(
    [
      ...['agent', '--ip=127.0.0.1', `--port=${port}`, `--master=${cluster.address}`],
      ...[`--work_dir=${folder}`, `--runtime_dir=${join(folder, 'run')}`, '--no-switch_user'],
      ...['--resources=cpus:2;mem:512', `--hostname=${name}`, `--domain=${JSON.stringify(domain)}`],
      '--registration_backoff_factor=10ms',
    ],
    'refused.log',
  );
  const page = await open('#/', 'ada');
  await page.getByText(`${name} may not register: it has a domain`).click();
  await page
    .getByRole('listitem')
    .filter({ hasText: `${name} slave(1)@127.0.0.1:${port}` })
    .waitFor();
  expect(await page.getByRole('button', { name: /^Refused/ }).getAttribute('aria-pressed')).toBe(
    'true',
  );
  expect(await accessibility(page)).toEqual([]);
  await program.kill('SIGKILL');
});

test('a rack is planned, drained and brought back as one', async () => {
  for (const [index, port] of [await freePort(), await freePort()].entries()) {
    const folder = join(cluster.folder, `rack-${index}`);
    cluster.run(
      [
        ...['agent', '--ip=127.0.0.1', `--port=${port}`, `--master=${cluster.address}`],
        ...[`--work_dir=${folder}`, `--runtime_dir=${join(folder, 'run')}`, '--no-switch_user'],
        ...['--resources=cpus:2;mem:512', '--attributes=rack:7', `--hostname=seven-${index}`],
        '--registration_backoff_factor=10ms',
      ],
      `rack-${index}.log`,
    );
  }
  const refused = await open('#/agents?attribute=rack%3A7', 'bob');
  await refused.getByText('2 agents', { exact: true }).waitFor();
  await refused.getByLabel('Choose all').check();
  await refused.getByRole('button', { name: 'Drain them' }).click();
  const form = refused.getByRole('dialog');
  await form.getByRole('button', { name: 'Drain them' }).click();
  await form.getByRole('alert').getByText(`${DENIED} (0 of 2 done)`).waitFor();
  await refused.keyboard.press('Escape');
  await refused.getByText('Not allowed to you: Drain them.').waitFor();
  const page = await open('#/agents?attribute=rack%3A7', 'ada');
  const dialog = page.getByRole('dialog');
  await page.getByRole('link', { name: 'What if they go?' }).click();
  await page.getByText('2 agents drained').waitFor();
  const there = page.getByRole('row', { name: /^CPUs in all/ });
  expect(await there.getByRole('cell').allTextContents()).toEqual(['CPUs in all', '4', '0']);
  await page.getByRole('button', { name: 'Drain them' }).click();
  await shows(dialog.locator('.curl-line'), /DRAIN_AGENT.*\n.*DRAIN_AGENT/);
  const named = dialog.getByRole('list', { name: 'Agents' }).getByRole('listitem');
  expect((await named.allTextContents()).join()).toMatch(/^seven-\d:\d+,seven-\d:\d+$/);
  await dialog.getByRole('button', { name: 'Drain them' }).click();
  await dialog.getByText('The agents drain.').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('2 agents of these: drained already, or about to be.').waitFor();
  expect(await page.getByRole('button', { name: 'Drain them' }).count()).toBe(0);
  await page.goBack();
  await page.getByText('Drained', { exact: true }).nth(1).waitFor();
  // By the keyboard alone.
  const grid = page.getByRole('grid', { name: 'Agents' });
  await grid.focus();
  for (const key of ['ArrowDown', 'Space', 'Shift+ArrowDown']) {
    await page.keyboard.press(key);
  }
  await page.getByText('2 agents, 2 chosen').waitFor();
  await page.getByRole('button', { name: 'Schedule maintenance' }).click();
  await dialog.getByText('Machines: 2 are chosen').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  // The dialog is made of what the master answers.
  await page.route('**/api/v1', (route) => route.abort());
  await page.getByRole('button', { name: 'Schedule maintenance' }).click();
  await dialog.getByRole('alert').getByText('The master does not answer.').waitFor();
  await page.unroute('**/api/v1');
  await page.keyboard.press('Escape');
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('button', { name: 'Reactivate them' }).click();
  // One is gone by then: the other is reactivated all the same.
  const { get_agents } = (await ask({ type: 'GET_AGENTS' })) as {
    get_agents: { agents: { agent_info: { id: { value: string } } }[] };
  };
  const agent_id = get_agents.agents[0]?.agent_info.id;
  await ask({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id } });
  await dialog.getByRole('button', { name: 'Reactivate them' }).click();
  await dialog.getByText('(1 of 2 done)').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Active', { exact: true }).waitFor();
});
