// docs/networks.md as its reader goes through it: the cluster that it starts, and every command.
// This needs root.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../agent-driver/harness.ts';
import { Program, until } from '../../support/cluster.ts';
import { startFlags } from '../../support/documented-flags.ts';
import { canMakeNetworks, NetworkNamespace } from '../../support/network-namespace.ts';
import { root } from '../../support/sources.ts';
import { ContainerNetworks } from './container-networks.ts';

const page = readFileSync(join(root, 'docs', 'networks.md'), 'utf8');
const commands = page.match(/(?<=^ {4})(?:bin\/|curl|cat).*$/gm) ?? [];

const folder = temporaryFolder();
let machine: NetworkNamespace;
let cluster: Program | undefined;

beforeAll(async () => {
  if (!canMakeNetworks) {
    return;
  }
  machine = await NetworkNamespace.make();
  // Where leases are kept.
  await machine.shell('mount -t tmpfs tmpfs /var/lib');
  const images = new ContainerNetworks(folder.path);
  images.image('busybox');
  cluster = run('cluster', 'local', [
    ...startFlags(page),
    ...images.imageFlags,
    `--work_dir=${join(folder.path, 'var')}`,
  ]);
  await until('the cluster runs', () => cluster?.log.includes('Ctrl-C stops it'));
});
afterAll(async () => {
  await cluster?.kill('SIGINT');
  await machine?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const run = (name: string, command: string, parameters: readonly string[]) =>
  new Program([command, ...parameters], join(folder.path, `${name}.log`), { network: machine });

/** The only command of the page that has this in it. */
function documented(part: string): string {
  const [command = '', ...others] = commands.filter((it) => it.includes(part));
  expect(others).toEqual([]);
  return command;
}

/** What that prints. */
const printed = (part: string) => machine.shell(documented(part));

/** Starts it, for as long as the test needs it. */
function started(part: string): Program {
  const [, command = '', ...parameters] = documented(part).split(' ');
  return run(part.replaceAll('/', '-'), command, parameters);
}

test.runIf(canMakeNetworks)('three services on a bridge', async () => {
  expect(JSON.parse(await printed('cat examples/'))).toMatchObject({ name: 'web' });
  const services = started('examples/networks.json');
  const said = 'web-1\nweb-2\nweb-3\n';
  await until('they answer', async () => (await printed('31001')) === said);
  const addresses = await printed('"ip_address"');
  expect(new Set(addresses.match(/10\.66\.0\.[234]/g)).size).toBe(3);
  const lines = (await printed('--name=client')).split('\n');
  expect(
    lines
      .filter((line) => line.startsWith('web-'))
      .toSorted()
      .join('\n'),
  ).toBe(said.trim());
  expect(await printed('task exec web-1')).toMatch(/^eth0@\S+ +UP +10\.66\.0\.[234]\/16/m);
  expect(await printed('--name=names')).toMatch(
    /^([-\w]+)\n127\.0\.0\.1 localhost\n10\.66\.0\.\d \1\nnameserver /m,
  );
  await services.kill('SIGINT');
});

test.runIf(canMakeNetworks)('a container of type DOCKER on a bridge', async () => {
  const service = started('examples/docker-bridge.json');
  await until('it answers', async () => (await printed('31080')) === 'hello\n');
  await service.kill('SIGINT');
});
