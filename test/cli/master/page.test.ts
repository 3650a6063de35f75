// Which page --webui_dir makes a master show.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readFlags } from '../../../src/cli/flags/parse.ts';
import { flagTexts } from '../../../src/cli/flags/print.ts';
import { MASTER_FLAGS } from '../../../src/cli/master/flags.ts';
import { pageSettings } from '../../../src/cli/master/page.ts';

const settings = (...argv: string[]) =>
  pageSettings(readFlags(MASTER_FLAGS, { argv, environment: {} }).values);

const request = { method: 'GET', path: '/', header: () => undefined };
const textOf = async (shown: ReturnType<typeof settings>) =>
  String((await shown).page?.index(request).body);

function folderWith(index?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (index !== undefined) {
    writeFileSync(join(folder, 'index.html'), index);
  }
  return folder;
}

test('it is the one that comes with the master, another, or none', async () => {
  expect(await textOf(settings())).toContain('<title>Mesoscale</title>');
  const { values, given } = readFlags(MASTER_FLAGS, { argv: [], environment: {} });
  expect(flagTexts(MASTER_FLAGS, values, given).webui_dir).toMatch(/\/build\/webui$/);
  expect(await textOf(settings(`--webui_dir=${folderWith('<p>mine')}`))).toBe('<p>mine');
  expect((await settings('--webui_dir=')).page).toBeUndefined();
});

test('a folder without a page is refused', async () => {
  const said =
    '--webui_dir expects a folder with a page (index.html, and its files in assets), got';
  const empty = folderWith();
  await expect(settings(`--webui_dir=${empty}`)).rejects.toThrow(`${said} '${empty}' (ENOENT)`);
  mkdirSync(join(empty, 'index.html'));
  await expect(settings(`--webui_dir=${empty}`)).rejects.toThrow('(EISDIR)');
  const large = folderWith('<p>mine');
  mkdirSync(join(large, 'assets'));
  for (let file = 0; file < 1_000; file++) {
    writeFileSync(join(large, 'assets', `${file}.js`), '');
  }
  await expect(settings(`--webui_dir=${large}`)).rejects.toThrow('more than 1000 files');
});

test('the page of Mesos, which asks for what is not here, is not shown', async () => {
  const folder = folderWith('<html lang="en" ng-app="mesos">');
  const { warnings } = await settings(`--webui_dir=${folder}`);
  expect(warnings).toEqual([
    `--webui_dir: ${folder} has the page of Apache Mesos, and this master shows its own`,
  ]);
  expect(await textOf(settings(`--webui_dir=${folder}`))).toContain('<title>Mesoscale</title>');
});
