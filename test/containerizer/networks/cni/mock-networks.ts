// Networks of a test's own: their configurations, and plugins that write down what they are told.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cniNetworks } from '../../../../src/containerizer/networks/cni/cni-networks.ts';
import type { CniAsked } from '../../../../src/containerizer/plan/network.ts';
import type { NetworkInfo } from '../../../../src/model/generated/messages.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { pluginAt } from './plugin-script.ts';

interface MockOptions {
  /** By the names of files; each has a network. */
  readonly files: Readonly<Record<string, object>>;
  /** By their names; the script of each has its input in `$in`. */
  readonly plugins: Readonly<Record<string, string>>;
  readonly defaultDns?: Parameters<typeof cniNetworks>[0]['defaultDns'];
}

export interface Told {
  readonly plugin: string;
  readonly command: string;
  readonly ifName: string;
  readonly namespace: string;
  // biome-ignore lint/suspicious/noExplicitAny: what plugins are told has many forms.
  readonly request: any;
}

const LOGGING = `in=$(cat)
printf '%s\\t%s\\t%s\\t%s\\t%s\\n' "$(basename "$0")" "$CNI_COMMAND" "\${CNI_IFNAME-}" \\
  "\${CNI_NETNS-none}" "$in" >> "$(dirname "$0")/log"`;

/** A script that answers ADD with this result, and all else with nothing. */
export const answering = (result: object): string =>
  `[ "$CNI_COMMAND" = ADD ] && echo '${JSON.stringify(result)}'; exit 0`;

export const RESULT = { cniVersion: '1.0.0', ips: [{ address: '10.77.0.9/24' }] };

export class MockNetworks implements Disposable {
  readonly #folder = temporaryFolder();
  readonly #options: MockOptions;
  readonly #plugins = join(this.#folder.path, 'plugins');
  readonly #warnings: string[] = [];
  #kind: ReturnType<typeof cniNetworks>;
  /** By containers: what is on record. */
  readonly noted = new Map<string, unknown>();

  constructor(options: MockOptions) {
    this.#options = options;
    mkdirSync(this.#configurations);
    mkdirSync(this.#plugins);
    for (const [name, content] of Object.entries(options.files)) {
      writeFileSync(join(this.#configurations, name), JSON.stringify(content));
    }
    for (const [name, script] of Object.entries(options.plugins)) {
      this.plugin(name, script);
    }
    this.#kind = this.#made(this.#configurations, this.#plugins);
  }

  get folder(): string {
    return this.#folder.path;
  }

  plugin(name: string, script: string): void {
    pluginAt(join(this.#plugins, name), `${LOGGING}\n${script}`);
  }

  removePlugin(name: string): void {
    rmSync(join(this.#plugins, name));
  }

  /** Another agent takes over. `isBare`: it has no flags about networks. */
  restart({ isBare = false } = {}): void {
    this.#kind.close?.();
    if (isBare) {
      rmSync(this.#configurations, { recursive: true });
    }
    this.#kind = isBare
      ? this.#made(undefined, '')
      : this.#made(this.#configurations, this.#plugins);
  }

  attach(
    id: string,
    networks: readonly NetworkInfo[],
    abort = new AbortController().signal,
    more: Partial<CniAsked> = {},
  ) {
    return this.#kind.attach({
      id: containerId(id),
      namespace: `/ns/${id}`,
      asked: { kind: 'cni', networks, hostname: id, ...more },
      note: async (state) => {
        this.noted.set(id, JSON.parse(JSON.stringify(state)));
      },
      abort,
    });
  }

  /** `namespace`: null where it is gone. */
  detach(id: string, namespace: string | null = `/ns/${id}`): Promise<void> {
    return this.#kind.detach(containerId(id), namespace ?? undefined, this.noted.get(id));
  }

  async recover(id: string): Promise<void> {
    await this.#kind.recover?.(containerId(id), `/ns/${id}`, this.noted.get(id));
  }

  awaited(id: string) {
    return this.#kind.awaited?.(containerId(id));
  }

  metrics() {
    return this.#kind.metrics?.();
  }

  /** What plugins were told since this was asked last. */
  told(): Told[] {
    const path = join(this.#plugins, 'log');
    if (!existsSync(path)) {
      return [];
    }
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    rmSync(path);
    return lines.map((line) => {
      const [plugin = '', command = '', ifName = '', namespace = '', request = ''] =
        line.split('\t');
      return { plugin, command, ifName, namespace, request: JSON.parse(request) };
    });
  }

  /** As `told`, in short. */
  calls(): string[] {
    return this.told().map(({ command, plugin, ifName, namespace }) =>
      [command, plugin, ifName, namespace].join(' '),
    );
  }

  /** Since it was asked last. */
  warnings(): string[] {
    return this.#warnings.splice(0).map((text) => text.replaceAll(this.folder, ''));
  }

  [Symbol.dispose](): void {
    this.#kind.close?.();
    this.#folder[Symbol.dispose]();
  }

  get #configurations(): string {
    return join(this.#folder.path, 'conf');
  }

  readonly #made = (configFolder: string | undefined, pluginFolders: string) =>
    cniNetworks({
      configFolder,
      pluginFolders,
      programPath: process.env.PATH ?? '',
      defaultDns: this.#options.defaultDns,
      portWaitMs: 10,
      patience: { longestMs: 60_000, unwantedMs: 60_000, endMs: 1_000 },
      warn: (text) => void this.#warnings.push(text),
    });
}
