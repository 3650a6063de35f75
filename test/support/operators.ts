// A cluster with two operators, who type commands: ada may do all, and bob what lists leave him.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MESOSCALE } from './bundle.ts';
import { freePort, TestCluster, until } from './cluster.ts';
import { Running } from './running.ts';
import { SECRETS, type User } from './signed-in.ts';

/** What a command has said, and how it ended. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

export class OperatedCluster extends TestCluster {
  /** Of its master, to start it anew. */
  masterFlags: string[] = [];

  /** `acls`: of the master. `agent`: flags of the agent. */
  async startWith(acls: object, agent: string[] = []): Promise<void> {
    const credentials = join(this.folder, 'credentials.json');
    const entries = Object.entries(SECRETS).map(([principal, secret]) => ({ principal, secret }));
    writeFileSync(credentials, JSON.stringify({ credentials: entries }));
    this.masterFlags = [
      ...[`--credentials=${credentials}`, '--authenticate_http_readwrite'],
      `--acls=${JSON.stringify(acls)}`,
    ];
    await this.start({ agent, master: this.masterFlags });
  }

  /** One more agent, registered. */
  async addAgent(name: string, flags: readonly string[] = []): Promise<void> {
    const work = join(this.folder, name);
    const port = await freePort();
    this.run(
      [
        ...['agent', '--ip=127.0.0.1', `--port=${port}`, `--master=${this.address}`],
        ...[`--work_dir=${work}`, `--runtime_dir=${join(work, 'run')}`, `--hostname=${name}`],
        ...['--resources=cpus:4;mem:2048;disk:1024', '--no-switch_user', ...flags],
        '--registration_backoff_factor=10ms',
      ],
      `${name}.log`,
    );
    await until(`${name} is registered`, async () => {
      const { slaves } = (await this.get('/slaves')) as { slaves: { hostname: string }[] };
      return slaves.some(({ hostname }) => hostname === name);
    });
  }

  /** What a user types, without `mesoscale`. */
  as(user: User, ...words: readonly string[]): Promise<Ended> {
    return ended(new Running(process.execPath, this.#line(user, words)).end(''));
  }

  /** The same in a terminal, where questions are answered so, after something has happened. */
  async asks(
    user: User,
    words: readonly string[],
    answer: string,
    meanwhile = async () => {},
  ): Promise<Ended> {
    const quoted = [process.execPath, ...this.#line(user, words)].map((word) => `'${word}'`);
    const running = new Running('script', ['-qec', quoted.join(' '), '/dev/null']);
    await running.shows('[y/N]');
    await meanwhile();
    running.type(`${answer}\n`);
    return ended(running);
  }

  #line(user: User, words: readonly string[]): string[] {
    const who = [`--principal=${user}`, `--secret=${SECRETS[user]}`];
    const verb = words.findIndex((word) => word.startsWith('-'));
    const at = verb < 0 ? words.length : verb;
    return [
      ...[MESOSCALE, ...words.slice(0, at), `--master=${this.address}`, ...who],
      ...words.slice(at),
    ];
  }
}

async function ended(running: Running): Promise<Ended> {
  const status = await running.status;
  return { status, output: running.output, errors: running.errors };
}
