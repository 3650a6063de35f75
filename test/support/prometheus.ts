// A Prometheus on a port of the loopback, as tests configure it.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './cluster.ts';

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

interface Target {
  readonly health: string;
  readonly lastError: string;
}

/** Often enough for a test to wait for. */
const INTERVALS = 'scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 1s';

export class Prometheus {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** `config`: YAML without intervals; files that it names lie in the folder. */
  static async start(folder: string, config: string): Promise<Prometheus> {
    const address = `127.0.0.1:${await freePort()}`;
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, `global: { ${INTERVALS} }\n${config}`);
    const flags = [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=${address}`,
    ];
    return new Prometheus(spawn('prometheus', flags, { stdio: 'ignore' }), `http://${address}`);
  }

  async query(text: string): Promise<readonly Series[]> {
    const data = await this.get<{ result: readonly Series[] }>(
      `query?query=${encodeURIComponent(text)}`,
    );
    return data.result;
  }

  async values(text: string): Promise<number[]> {
    return (await this.query(text)).map(({ value }) => Number(value[1]));
  }

  async targets(): Promise<readonly Target[]> {
    return (await this.get<{ activeTargets: readonly Target[] }>('targets')).activeTargets;
  }

  async get<Data>(path: string): Promise<Data> {
    const answer = await fetch(`${this.#url}/api/v1/${path}`);
    return ((await answer.json()) as { data: Data }).data;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
