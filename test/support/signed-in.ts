// Users of a master that knows them by names and secrets: in a browser, past it, and in a shell.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';

export const SECRETS = { ada: 'ada-secret', bob: 'bob-secret' };
export type User = keyof typeof SECRETS;

/** A page of the master in a context of its own, signed in. */
export async function openAs(browser: Browser, url: string, user: User): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(url);
  await page.getByLabel('Name').fill(user);
  await page.getByLabel('Secret').fill(SECRETS[user]);
  await page.keyboard.press('Enter');
  await page.getByText(user, { exact: true }).waitFor();
  return page;
}

/** What the operator API answers to a user, as it is written. */
export async function callAs(user: User, address: string, call: object): Promise<string> {
  const response = await fetch(`http://${address}/api/v1`, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${btoa(`${user}:${SECRETS[user]}`)}`,
      'Content-Type': 'application/json',
      Accept: 'application/json',
    },
    body: JSON.stringify(call),
  });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return text;
}

/** What the line that a dialog shows does in a shell, for a user who gives their secret there. */
export async function runLine(line: string, user: User): Promise<void> {
  expect(line).not.toContain(SECRETS[user]);
  const command = line.replace(`--user '${user}'`, `--user '${user}:${SECRETS[user]}'`);
  await promisify(execFile)('sh', ['-c', command]);
}
