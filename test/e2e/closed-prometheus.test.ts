// A Prometheus that watches a closed cluster, with the files that docs/monitor.md has it made.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, Program, until } from '../support/cluster.ts';
import { Prometheus } from '../support/prometheus.ts';
import { root } from '../support/sources.ts';

const page = readFileSync(join(root, 'docs/monitor.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'mesoscale-closed-'));
const installed = join(folder, 'etc');
let master: Program | undefined;
let prometheus: Prometheus | undefined;

function secure(...parameters: readonly string[]): void {
  execFileSync(join(root, 'bin/mesoscale'), ['secure', ...parameters], { stdio: 'ignore' });
}

beforeAll(async () => {
  const cluster = join(folder, 'cluster');
  secure('init', cluster, '--hosts=localhost/127.0.0.1', `--install_dir=${installed}`);
  const [, added = ''] = /^ {4}mesoscale secure (add monitor .*)$/m.exec(page) ?? [];
  const words = added
    .replace('--dir=cluster', `--dir=${cluster}`)
    .replace('/etc/mesoscale', installed);
  secure(...words.split(' '));
  cpSync(cluster, installed, { recursive: true });
  const port = await freePort();
  const files = ['hosts/localhost', 'master'].map((name) =>
    parseEnv(readFileSync(join(installed, name, 'environment'), 'utf8')),
  );
  master = new Program(
    ['master', '--ip=127.0.0.1', `--port=${port}`, `--work_dir=${join(folder, 'master')}`],
    join(folder, 'master.log'),
    { environment: Object.assign({}, ...files) },
  );
  const [, login = ''] = /```yaml\n(scheme: https\n[\s\S]*?)```/.exec(page) ?? [];
  const job = `- job_name: mesos-master
  static_configs: [{ targets: ['127.0.0.1:${port}'] }]
  ${login.replaceAll('/etc/mesoscale', installed).replaceAll('\n', '\n  ')}`;
  prometheus = await Prometheus.start(folder, `scrape_configs:\n${job}`);
});

afterAll(async () => {
  prometheus?.stop();
  await master?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

test('a principal that may only read figures reads them', async () => {
  await until('it leads', async () => {
    const [value] = (await prometheus?.values('mesos_master_elected')) ?? [];
    return value === 1;
  });
  expect(await prometheus?.targets()).toMatchObject([{ health: 'up', lastError: '' }]);
});
