// A real ZooKeeper ensemble on the loopback, of one or more servers, which tests stop, kill and
// start again. Debian's package has what it needs.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './cluster.ts';

const LOOPBACK = '127.0.0.1';
/** As docs/operate.md asks for: a large registry that is filled at once ends a server with less. */
const MEMORY = '-Xmx512m';

interface EnsembleOptions {
  readonly servers?: number;
  /** The unit of the ensemble's bounds: sessions last 2 to 20 of it. */
  readonly tickMs?: number;
  /** Where clients find the servers. */
  readonly ip?: string;
  /** Where they keep what they have to keep: the folder of a small disk. */
  readonly disk?: string;
}

interface Server {
  readonly id: number;
  readonly port: number;
  readonly folder: string;
  child: ChildProcess | undefined;
}

export class Ensemble {
  readonly #folder: string;
  readonly #servers: readonly Server[];
  readonly #ip: string;

  private constructor(folder: string, servers: readonly Server[], ip: string) {
    this.#folder = folder;
    this.#servers = servers;
    this.#ip = ip;
  }

  static async start(options: EnsembleOptions = {}): Promise<Ensemble> {
    const { servers = 1, tickMs = 200, ip = LOOPBACK, disk = tmpdir() } = options;
    const folder = mkdtempSync(join(disk, 'zookeeper-'));
    const ports = await freePorts(servers * 3);
    const members = Array.from({ length: servers }, (_, index) => ({
      id: index + 1,
      port: ports[index * 3] as number,
      folder: join(folder, String(index + 1)),
      child: undefined,
    }));
    const peers = members.map(
      ({ id }) => `server.${id}=127.0.0.1:${ports[id * 3 - 2]}:${ports[id * 3 - 1]}`,
    );
    for (const { id, port, folder: own } of members) {
      mkdirSync(join(own, 'data'), { recursive: true });
      writeFileSync(join(own, 'data', 'myid'), String(id));
      const lines = [
        `tickTime=${tickMs}`,
        'initLimit=50',
        'syncLimit=25',
        `dataDir=${join(own, 'data')}`,
        `clientPortAddress=${ip}`,
        `clientPort=${port}`,
        'admin.enableServer=false',
        '4lw.commands.whitelist=*',
        'maxClientCnxns=0',
        // A test's disk may take seconds for what nobody needs to outlive the test.
        'forceSync=no',
        ...(servers > 1 ? peers : []),
      ];
      writeFileSync(join(own, 'zoo.cfg'), `${lines.join('\n')}\n`);
      writeFileSync(join(own, 'log4j.properties'), LOG);
    }
    const ensemble = new Ensemble(folder, members, ip);
    for (const { id } of members) {
      ensemble.startServer(id);
    }
    await Promise.all(members.map(({ id }) => ensemble.serves(id)));
    return ensemble;
  }

  /** `host:port` of all. */
  get addresses(): readonly string[] {
    return this.#servers.map(({ port }) => `${this.#ip}:${port}`);
  }

  get size(): number {
    return this.#servers.length;
  }

  /** Server ids count from 1. */
  startServer(id: number): void {
    const server = this.#server(id);
    const classes = ['zookeeper', 'log4j-1.2', 'slf4j-log4j12'].map(
      (name) => `/usr/share/java/${name}.jar`,
    );
    // The log of transactions grows by so many KiB, rather than by 64 MiB.
    const growth = '-Dzookeeper.preAllocSize=64';
    const settings = [
      growth,
      MEMORY,
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Xshare:auto',
    ];
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
    const parameters = ['-cp', [server.folder, ...classes].join(':'), main];
    server.child = spawn('java', [...settings, ...parameters, join(server.folder, 'zoo.cfg')], {
      stdio: 'ignore',
    });
  }

  /** Resolves when the server answers clients, which takes a quorum. */
  async serves(id: number): Promise<void> {
    await until(`ZooKeeper server ${id} serves`, async () =>
      (await this.ask(id, 'srvr')).includes('Mode:'),
    );
  }

  /** Asks one server by a word of four letters; '' where it does not answer. */
  ask(id: number, word: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    let text = '';
    const socket = connect(this.#server(id).port, this.#ip, () => socket.write(word));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => {}).on('close', () => resolve(text));
    return promise;
  }

  /** Halts the server: it answers nothing more when this has resolved. */
  async pause(id: number): Promise<void> {
    const { child } = this.#server(id);
    const threads = `/proc/${child?.pid}/task`;
    child?.kill('SIGSTOP');
    await until('the server stands still', () =>
      readdirSync(threads).every((thread) =>
        /^State:\tT/m.test(readFileSync(join(threads, thread, 'status'), 'utf8')),
      ),
    );
  }

  resume(id: number): void {
    this.#server(id).child?.kill('SIGCONT');
  }

  /** Kills the server; what it has written stays. */
  async kill(id: number): Promise<void> {
    const server = this.#server(id);
    const { child } = server;
    server.child = undefined;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map(({ id }) => this.kill(id)));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #server(id: number): Server {
    const server = this.#servers[id - 1];
    if (server === undefined) {
      throw new RangeError(`There is no server ${id}`);
    }
    return server;
  }
}

const LOG = 'log4j.rootLogger=OFF\n';

/** Ports that nobody uses now, all at once so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      const { promise, resolve } = Promise.withResolvers<void>();
      server.listen(0, LOOPBACK, resolve);
      await promise;
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
