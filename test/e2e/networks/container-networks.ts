// CNI networks for the agent of a test: their configurations, and what plugins have made of them in
// the network of the test, which is as a machine of its own.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { archiveOf } from '../../containerizer/images/archives.ts';
import { digestOf } from '../../containerizer/images/formats/samples.ts';
import { busyboxEntries } from '../../support/busybox-image.ts';
import type { NetworkNamespace } from '../../support/network-namespace.ts';

const PLUGINS = '/usr/lib/cni';

interface Bridge {
  readonly name: string;
  readonly subnets: readonly string[];
  /** The folder of host-local. */
  readonly leases: string;
  /** The plugin that makes the bridge. */
  readonly type: string;
}

/** A bridge that gives addresses, and ports of the machine. */
const bridge = ({ name, subnets, leases, type }: Bridge) => ({
  cniVersion: '0.4.0',
  name,
  plugins: [
    {
      type,
      bridge: `br-${name}`,
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        dataDir: leases,
        ranges: subnets.map((subnet) => [{ subnet }]),
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

/** Rules and chains of a single container: the plugins keep those that all share. */
const OF_CONTAINERS = /10\.66\.\d+\.[1-9]|fd66::[^/]|CNI-DN-|CNI-[0-9a-f]{24}/;

const orNone = (path: string) => (existsSync(path) ? readdirSync(path) : []);

/** What networks have left of containers; empty if they are as before the first of these. */
export interface Remains {
  readonly leases: readonly string[];
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly namespaces: readonly string[];
  readonly records: readonly string[];
}

export class ContainerNetworks {
  readonly #folder: string;
  #bridges = 0;

  /** `folder`: that of the agent's cluster. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const path of [this.configurations, this.plugins, this.#images]) {
      mkdirSync(path);
    }
  }

  get configurations(): string {
    return join(this.#folder, 'networks');
  }

  /** Searched before those of the system. */
  get plugins(): string {
    return join(this.#folder, 'plugins');
  }

  get #leases(): string {
    return join(this.#folder, 'leases');
  }

  get flags(): string[] {
    return [
      '--launcher=linux',
      '--isolation=filesystem/linux,docker/runtime,namespaces/pid,network/cni,posix/cpu,posix/mem',
      `--network_cni_config_dir=${this.configurations}`,
      `--network_cni_plugins_dir=${this.plugins}:${PLUGINS}`,
    ];
  }

  /** A network of this name: its bridge has the subnet 10.66.N.0/24, as the Nth, and these. */
  bridge(name: string, { subnets = [], type = 'bridge' }: Partial<Bridge> = {}): void {
    this.write(
      `${name}.conflist`,
      bridge({
        name,
        subnets: [`10.66.${++this.#bridges}.0/24`, ...subnets],
        leases: this.#leases,
        type,
      }),
    );
  }

  /** A file of the folder of configurations. */
  write(file: string, content: object | string): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(this.configurations, file), text);
  }

  /** Makes a Docker image of busybox; its `/etc/os-release` says its name. */
  image(name: string): void {
    const release = { name: 'etc/os-release', content: `NAME=${name}\n` };
    const layer = archiveOf(...busyboxEntries(), release);
    const config = {
      os: 'linux',
      config: { Env: ['PATH=/bin'] },
      rootfs: { diff_ids: [digestOf(layer)] },
    };
    const manifest = [{ Config: 'config', Layers: ['layer'], RepoTags: [name] }];
    const saved = archiveOf(
      { name: 'manifest.json', content: JSON.stringify(manifest) },
      { name: 'config', content: JSON.stringify(config) },
      { name: 'layer', content: layer },
    );
    writeFileSync(join(this.#images, `${name}.tar`), saved);
  }

  get imageFlags(): string[] {
    return ['--image_providers=DOCKER', `--docker_registry=${this.#images}`];
  }

  get #images(): string {
    return join(this.#folder, 'images');
  }

  /** A plugin that is a script of the shell. */
  script(type: string, lines: string): void {
    writeFileSync(join(this.plugins, type), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  }

  /** `agentFolder`: its work directory. */
  async remains(network: NetworkNamespace, agentFolder: string): Promise<Remains> {
    const links = await network.run('ip', '-brief', 'link');
    const rules = await network.shell('iptables-save; ip6tables-save');
    const mounts = await network.run('cat', '/proc/self/mountinfo');
    return {
      leases: orNone(this.#leases).flatMap((name) =>
        readdirSync(join(this.#leases, name)).filter((file) => isIP(file) !== 0),
      ),
      links: links.split('\n').filter((line) => line.startsWith('veth')),
      rules: rules.split('\n').filter((line) => OF_CONTAINERS.test(line)),
      namespaces: mounts
        .split('\n')
        .filter((line) => line.includes(agentFolder) && line.includes(' - nsfs ')),
      records: orNone(join(agentFolder, 'meta', 'networks')),
    };
  }
}
