// The page where every connection is encrypted, in a real browser: with a certificate, by which its
// person is known; with none, where that is not enough; and with a name and secret.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { KeptPages, newPage, startBrowser, tellOfFailure } from '../support/browser.ts';
import { LITTLE, TestCluster, until } from '../support/cluster.ts';
import { root } from '../support/sources.ts';

const guide = readFileSync(join(root, 'docs', 'secure.md'), 'utf8');
const blockOf = (start: string) =>
  [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .map(([, text]) => text ?? '')
    .find((text) => text.startsWith(start)) ?? '';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-e2e-webui-tls-'));
const variables = Object.fromEntries(
  [...blockOf('export').matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value.replace('/etc/mesoscale', folder),
  ]),
);
const file = (name: string) => variables[`LIBPROCESS_SSL_${name}_FILE`] ?? '';
const ASKED = ['--authenticate_http_readonly', '--authenticate_http_readwrite'];

const cluster = new TestCluster(undefined, variables);
const complaints: string[] = [];
let browser: Browser;
let sandbox = '';

beforeAll(async () => {
  const commands = blockOf('openssl')
    .replaceAll('one.example.com', 'localhost')
    .replaceAll('10.0.0.1', '127.0.0.1');
  const forBrowsers = blockOf('cd /etc/mesoscale/principals/operator\nopenssl')
    .replace(/^cd .*/, '')
    .replace('../../authority.pem', file('CA'))
    .replace('certificate.pem', file('CERT'))
    .replace('key.pem', file('KEY'))
    .replace('-export', "-export -passout 'pass:of ada'");
  await promisify(execFile)('sh', ['-ec', commands + forBrowsers], { cwd: folder });
  await cluster.start({ master: [...ASKED, '--http_authenticators=certificate'] });
  cluster.execute('said', 'task', {
    ...{ name: 'said', task_id: { value: 'said' }, agent_id: { value: '' } },
    ...{ resources: LITTLE, command: { value: 'echo what it said; sleep 1000' } },
  });
  browser = await startBrowser();
  sandbox = await until('the task runs', async () => {
    const { tasks } = (await cluster.get('/tasks')) as {
      tasks: { framework_id: string; state: string }[];
    };
    return tasks[0]?.state === 'TASK_RUNNING' && `#/tasks/${tasks[0].framework_id}/said`;
  });
});
afterEach((context) => tellOfFailure(browser, context));
afterAll(async () => {
  await browser?.close();
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

const pages = new KeptPages();

async function open(options: object = {}): Promise<Page> {
  const page = await pages.get(JSON.stringify(options), () =>
    newPage(browser, { options: { ignoreHTTPSErrors: true, ...options }, complaints }),
  );
  await page.goto(`https://${cluster.address}/${sandbox}`);
  return page;
}

/** By way of the master. */
async function readsOutput(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'stdout' }).click();
  await page.getByRole('main').locator('pre').getByText('what it said').waitFor();
}

test('who has a certificate is known by it, and reads through the master', async () => {
  const origin = `https://${cluster.address}`;
  const page = await open({
    clientCertificates: [{ origin, pfxPath: join(folder, 'operator.p12'), passphrase: 'of ada' }],
  });
  await readsOutput(page);
  expect(await page.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
  expect(await page.context().cookies()).toEqual([]);
  await page.getByRole('button', { name: 'Kill', exact: true }).click();
  await page.locator('.curl-line').getByText('--cert certificate.pem --key key.pem').waitFor();
});

test('who has none gets no further, and is told why', async () => {
  const page = await open();
  expect(await page.textContent('body')).toContain('it shows no certificate');
});

test('who signs in has a cookie that no other host, connection or script is given', async () => {
  const known = join(folder, 'credentials.json');
  writeFileSync(known, JSON.stringify({ credentials: [{ principal: 'ada', secret: 'of ada' }] }));
  await cluster.master.kill('SIGKILL');
  await cluster.startMaster([
    ...ASKED,
    ...[`--credentials=${known}`, '--http_authenticators=basic', '--no-ssl_require_client_cert'],
  ]);
  const page = await open();
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Secret').fill('of ada');
  await page.keyboard.press('Enter');
  await readsOutput(page);
  const [cookie, ...more] = await page.context().cookies();
  expect(more).toEqual([]);
  expect(cookie).toMatchObject({
    name: `__Host-mesoscale-${cluster.address.split(':')[1]}`,
    domain: '127.0.0.1',
    path: '/',
    secure: true,
    httpOnly: true,
    sameSite: 'Strict',
  });
  expect(await page.evaluate('document.cookie')).toBe('');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog', { name: 'Sign in' }).waitFor();
  expect(await page.context().cookies()).toEqual([]);
});

test('the browser has had nothing to complain of', () => {
  expect(complaints).toEqual([]);
});
