// What a test of real plugins does in a network of its own: it is called there, in another process.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { cniNetworks } from '../../../../src/containerizer/networks/cni/cni-networks.ts';
import type { NetworkInfo } from '../../../../src/model/generated/messages.ts';
import { containerId } from '../../../../src/model/ids.ts';

const PLUGINS = '/usr/lib/cni';

export interface RealOptions {
  readonly folder: string;
  /** Each is a file's content; host-local keeps its addresses below the folder. */
  readonly networks: readonly object[];
  readonly containers: Readonly<Record<string, readonly NetworkInfo[]>>;
  /** Scripts, in the order in which they are run while all are attached, and then after the end. */
  readonly looks: readonly string[];
  readonly looksAfter?: readonly string[];
  /** Commands that go on, such as servers, until all have looked. */
  readonly servers?: readonly string[];
  /** Whether the machine starts anew in between. */
  readonly isRebooted?: boolean;
}

export interface RealOutcome {
  readonly infos: Readonly<Record<string, readonly NetworkInfo[]>>;
  readonly looks: readonly string[];
  readonly looksAfter: readonly string[];
  /** Of host-local, while they are attached and after that. */
  readonly reserved: readonly string[];
  readonly reservedAfter: readonly string[];
  readonly checkFailures: number;
  readonly warnings: readonly string[];
}

/** No other test's plugins are taken for those of this one. */
const idOf = (name: string) => containerId(`real-${process.pid}-${name}`);

/** In scripts, `inside NAME COMMAND…` runs a command in the network of a container. */
const look = (folder: string, script: string) =>
  execFileSync(
    'sh',
    ['-ec', `inside() { n=$1; shift; nsenter --net=${folder}/$n "$@"; }; ${script}`],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );

export async function attachedAndDetached(options: RealOptions): Promise<RealOutcome> {
  const { folder, networks, containers, looks, looksAfter = [], servers = [] } = options;
  const ids = Object.keys(containers);
  mkdirSync(join(folder, 'conf'));
  for (const [at, network] of networks.entries()) {
    writeFileSync(join(folder, 'conf', `${at}.conf`), JSON.stringify(network));
  }
  const warnings: string[] = [];
  const made = () =>
    cniNetworks({
      configFolder: join(folder, 'conf'),
      pluginFolders: PLUGINS,
      programPath: process.env.PATH ?? '',
      warn: (text) => warnings.push(text),
    });
  const kind = made();
  const noted = new Map<string, unknown>();
  const infos: Record<string, readonly NetworkInfo[]> = {};
  for (const id of ids) {
    const namespace = join(folder, id);
    writeFileSync(namespace, '');
    execFileSync('unshare', [`--net=${namespace}`, 'ip', 'link', 'set', 'lo', 'up']);
    const attached = await kind.attach({
      id: idOf(id),
      namespace,
      asked: { kind: 'cni', networks: containers[id] ?? [], hostname: id },
      note: async (state) => void noted.set(id, JSON.parse(JSON.stringify(state))),
      abort: new AbortController().signal,
    });
    infos[id] = attached.infos;
  }
  const reserved = reservedIn(folder);
  const running = servers.map((server) => spawn('sh', ['-c', server], { cwd: folder }));
  const seen = looks.map((script) => look(folder, script));
  for (const server of running) {
    server.kill('SIGKILL');
  }
  const later = made();
  for (const id of ids) {
    await later.recover?.(idOf(id), join(folder, id), noted.get(id));
    // Its check begins, and the end of it waits for that.
    await immediate();
    if (options.isRebooted) {
      execFileSync('umount', [join(folder, id)]);
    }
    const namespace = options.isRebooted ? undefined : join(folder, id);
    await later.detach(idOf(id), namespace, noted.get(id));
  }
  return {
    infos,
    looks: seen,
    looksAfter: looksAfter.map((script) => look(folder, script)),
    reserved,
    reservedAfter: reservedIn(folder),
    checkFailures: later.metrics?.()['containerizer/mesos/network_cni/check_failures'] ?? 0,
    warnings,
  };
}

/** The addresses that host-local holds. */
const reservedIn = (folder: string): string[] => {
  try {
    return readdirSync(join(folder, 'ipam'), { recursive: true, encoding: 'utf8' })
      .flatMap((path) => /\/(\d[\d.]+)$/.exec(path)?.[1] ?? [])
      .toSorted();
  } catch {
    return [];
  }
};
