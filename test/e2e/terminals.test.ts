// Terminals of browsers, by way of a real master: a shell beside a task, and the task's own.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  accessibility,
  KeptPages,
  newPage,
  startBrowser,
  tellOfFailure,
} from '../support/browser.ts';
import { LITTLE, TestCluster, until } from '../support/cluster.ts';
import { ask, webSocket } from '../support/requests.ts';
import { TerminalSocket } from '../support/terminal-socket.ts';

const cluster = new TestCluster();
/** The path at the agent, and the task's container. */
let at: string;
let container: string;
let isThere: (id: string) => Promise<boolean>;
let framework: string;
let browser: Browser;
/** What the browser has complained of. */
const complaints: string[] = [];

beforeAll(async () => {
  const isolation = '--isolation=posix/cpu,posix/mem,volume/sandbox_path';
  await cluster.start({ agent: [isolation] });
  const task = {
    name: 'echo',
    task_id: { value: 'echo' },
    agent_id: { value: '' },
    resources: LITTLE,
    command: { value: 'while read a; do echo "got $a"; done' },
    container: { type: 'MESOS', tty_info: { window_size: { rows: 20, columns: 70 } } },
  };
  const program = cluster.execute('execute', 'task', task);
  await until('the task runs', () => program.log.includes('TASK_RUNNING'));
  const { slaves } = (await cluster.get('/slaves')) as { slaves: { id: string }[] };
  const agent = slaves[0]?.id ?? '';
  at = `/agent/${agent}/terminal`;
  const containers = (await cluster.get(`/agent/${agent}/containers`)) as {
    container_id: string;
    framework_id: string;
  }[];
  container = containers[0]?.container_id ?? '';
  framework = containers[0]?.framework_id ?? '';
  browser = await startBrowser();
  isThere = async (id) => {
    const all = await ask(cluster.address, `/agent/${agent}/api/v1`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"type":"GET_CONTAINERS","get_containers":{"show_nested":true}}',
    });
    return (await all.text()).includes(id.slice(id.lastIndexOf('.') + 1));
  };
});
afterEach((context) => tellOfFailure(browser, context));
afterAll(async () => {
  await browser?.close();
  await cluster.stop();
});

function openAt(path: string): TerminalSocket {
  const { url, options } = webSocket(cluster.address, path);
  return new TerminalSocket(url, options);
}

const open = (query: string) => openAt(`${at}?container=${container}&${query}`);

test('a shell runs beside the task, has the size of the window, and tells its end', async () => {
  const shell = open('rows=33&columns=111');
  await until('there is a prompt', () => /[#$] /.test(shell.output));
  expect(shell.told[0]?.container_id).toMatch(new RegExp(`^${container}\\.[-\\w]+$`));
  shell.type('stty size; tty; echo $TERM\n');
  await shell.until(() => shell.output.includes('33 111'));
  await shell.until(() => shell.output.includes('/dev/pts/'));
  await shell.until(() => shell.output.includes('xterm-256color'));
  shell.resize(44, 122);
  await until('it has another size', () => {
    shell.type('stty size\n');
    return shell.output.includes('44 122');
  });
  shell.type('exit 5\n');
  expect(await shell.end()).toBe(1000);
  expect(shell.told[1]).toEqual({ exit_status: 5 << 8 });
});

test('a command tells all of its output', async () => {
  const command = open(`command=${encodeURIComponent('seq 100000; exit 3')}`);
  expect(await command.end()).toBe(1000);
  expect(command.output.length).toBe(688_895);
  expect(command.told[1]).toEqual({ exit_status: 3 << 8 });
});

test('a command that nobody sees any more is ended', async () => {
  const command = open(`command=${encodeURIComponent('echo begun; sleep 1000')}`);
  await command.until(() => command.output.includes('begun'));
  const id = String(command.told[0]?.container_id);
  expect(await isThere(id)).toBe(true);
  command.socket.terminate();
  await until('it is gone', async () => !(await isThere(id)));
});

test('a shell beside a task that is killed ends with it, and that is no error', async () => {
  const task = {
    ...{ name: 'victim', task_id: { value: 'victim' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'sleep 1000' } },
  };
  const program = cluster.execute('victim', 'task', task);
  const beside = await until('the task runs', async () => {
    const containers = (await cluster.get(at.replace(/terminal$/, 'containers'))) as {
      container_id: string;
      framework_id: string;
      source: string;
    }[];
    return (
      program.log.includes('TASK_RUNNING') && containers.find(({ source }) => source === 'victim')
    );
  });
  const shell = openAt(`${at}?container=${beside.container_id}`);
  await shell.until(() => /[#$] /.test(shell.output));
  const kill_task = {
    framework_id: { value: beside.framework_id },
    task_id: { value: 'victim' },
  };
  const killed = await ask(cluster.address, '/api/v1', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ type: 'KILL_TASK', kill_task }),
  });
  expect(killed.status).toBe(202);
  expect(await shell.end()).toBe(1000);
  expect(shell.told.at(-1)).not.toHaveProperty('error');
  await program.ended();
});

test('the task’s own terminal is attached to, and left', async () => {
  const terminal = open('mode=attach');
  await until('it is attached', () => {
    if (terminal.told.length > 0) {
      terminal.type('one\n');
    }
    return terminal.output.includes('got one');
  });
  terminal.socket.close();
  await terminal.end();
  // Who types into it is one at a time, and the agent may not have noticed yet that he has gone.
  const next = { terminal: open('mode=attach') };
  await until('it goes on', () => {
    if (next.terminal.ended !== undefined) {
      next.terminal = open('mode=attach');
    } else if (next.terminal.told.length > 0) {
      next.terminal.type('two\n');
    }
    return next.terminal.output.includes('got two');
  });
  next.terminal.socket.close();
});

test('what is not there is told', async () => {
  const missing = openAt(`${at}?container=nothing`);
  expect(await missing.end()).toBe(1008);
  expect(missing.told[0]?.error).toContain('nothing');
  const agent = openAt(`${at.replace('/terminal', 'x/terminal')}?container=c`);
  expect(await agent.end()).toBe(404);
});

const pages = new KeptPages();

async function openView(place: string): Promise<Page> {
  const page = await pages.get('page', () => newPage(browser, { complaints }));
  await page.goto(`http://${cluster.address}/#/tasks/${place}`);
  return page;
}

test('the page opens a shell, in its colours, which tells how it has ended', async () => {
  const page = await openView(`${framework}/echo/terminal`);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText(`Beside container ${container}.`).waitFor();
  const rows = page.locator('.xterm-rows');
  // A colour that is no class of xterm's is an attribute, which the policy of the page forbids.
  await page.keyboard.type("stty size; printf '\\033[38;2;1;2;3mdark\\033[0m%s\\n' ; tty\n");
  await rows.getByText('/dev/pts/').waitFor();
  expect(await rows.textContent()).toMatch(/[1-9]\d [1-9]\d+/);
  const color = (text: string) =>
    page.evaluate(
      `getComputedStyle([...document.querySelectorAll('.xterm-rows span')]
        .find((each) => each.textContent === '${text}')).color`,
    );
  expect(await color('dark')).toBe('rgb(1, 2, 3)');
  expect(await accessibility(page)).toEqual([]);
  // The keyboard leads out of it, and back.
  await page.keyboard.press('Shift+Escape');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Copy');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.type('exit 5\n');
  await page.getByText('The command has ended with exit code 5.').waitFor();
  await page.getByRole('button', { name: 'Again' }).click();
  await page.getByText(`Beside container ${container}.`).waitFor();
  await page.getByRole('button', { name: 'End' }).click();
  await page.getByText('You have ended it.').waitFor();
  // What a terminal had changed of the page is as it was.
  await page.getByRole('link', { name: 'Life' }).click();
  await page.getByRole('heading', { name: 'Life' }).waitFor();
  expect(await page.evaluate('document.adoptedStyleSheets.length')).toBe(0);
  expect(await page.evaluate("Object.hasOwn(document, 'createElement')")).toBe(false);
});

test('the page attaches to a task’s own terminal, also when that is in use still', async () => {
  const before = open('mode=attach');
  await before.until(() => before.told.length > 0);
  before.type('before\n');
  await before.until(() => before.output.includes('got before'));
  const page = await openView(`${framework}/echo/terminal?mode=attach`);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('Somebody else types into it').waitFor();
  before.socket.close();
  await page.getByText(`In container ${container}.`).waitFor();
  const rows = page.locator('.xterm-rows');
  await until('it goes on', async () => {
    await page.locator('.xterm-helper-textarea').focus();
    await page.keyboard.type('page\n');
    return (await rows.textContent())?.includes('got page');
  });
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByText('You have left it; the task goes on.').waitFor();
});

test('a task of a group shows what it was asked to be, and what runs beside it', async () => {
  const labels = { labels: [{ key: 'tier', value: 'front' }] };
  const often = { interval_seconds: 0.5, delay_seconds: 0 };
  const sandbox_path = { type: 'PARENT', path: 'shared' };
  const web = {
    ...{ name: 'web', task_id: { value: 'web' }, agent_id: { value: '' }, resources: LITTLE },
    ...{ command: { value: 'sleep 1000' }, labels },
    check: { type: 'COMMAND', command: { command: { value: 'exit 4' } }, ...often },
    health_check: { type: 'COMMAND', command: { value: 'true' }, ...often },
    discovery: { visibility: 'CLUSTER', name: 'web.example', ports: { ports: [{ number: 80 }] } },
    container: {
      type: 'MESOS',
      volumes: [
        { container_path: 'v', mode: 'RW', source: { type: 'SANDBOX_PATH', sandbox_path } },
      ],
    },
  };
  const side = {
    ...{ name: 'side', task_id: { value: 'side' }, agent_id: { value: '' }, resources: LITTLE },
    command: { value: 'sleep 1000' },
  };
  const program = cluster.execute('group', 'task_group', { tasks: [web, side] });
  await until('both run', () => program.log.match(/TASK_RUNNING for task/g)?.length === 2);
  const { tasks } = (await cluster.get('/tasks')) as {
    tasks: { id: string; framework_id: string }[];
  };
  const owner = tasks.find(({ id }) => id === 'web')?.framework_id;
  const page = await openView(`${owner}/web`);
  for (const text of [
    ...['tier:front', 'web.example', '127.0.0.1', 'v from shared in the sandbox of its executor'],
    ...['healthy; by the command true, every 0.5 s', 'the check’s command ended with 4'],
  ]) {
    await page.getByText(text, { exact: true }).first().waitFor();
  }
  const together = page.locator('.group li');
  await together
    .filter({ hasText: 'side' })
    .filter({ hasText: /memory/ })
    .waitFor();
  const [id] = await page.locator('.group-id').allTextContents();
  // A shell in the task’s container, which is nested in that of the group, and one more there.
  await page.getByRole('link', { name: 'Terminal' }).click();
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText(new RegExp(`^Beside container [-\\w]+\\.${id}\\.$`)).waitFor();
});

test('the browser has had nothing to complain of', () => {
  expect(complaints).toEqual([]);
});
