// A master that gets --zk keeps its work folder, and the registry in it is read no more.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readFlags } from '../../../src/cli/flags/parse.ts';
import { MASTER_FLAGS } from '../../../src/cli/master/flags.ts';
import { masterSettings } from '../../../src/cli/master/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-left-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function warnings(...flags: readonly string[]): Promise<string> {
  const argv = [`--work_dir=${folder}`, '--ip=127.0.0.1', '--no-hostname_lookup', ...flags];
  const settings = await masterSettings(readFlags(MASTER_FLAGS, { argv, environment: {} }));
  return settings.warnings.join('\n');
}

test('a master with --zk warns of a registry that is not read', async () => {
  const zk = '--zk=zk://127.0.0.1:2181/mesos';
  expect(await warnings(zk)).not.toContain('registry');
  writeFileSync(join(folder, 'registry.sqlite'), '');
  expect(await warnings(zk)).toContain(`${folder}/registry.sqlite is the registry of a master`);
  expect(await warnings()).toBe('');
});
