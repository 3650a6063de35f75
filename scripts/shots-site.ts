// A small site to make pictures of: machines in racks, services, batches, builds and trainings in
// roles of their own, some of which fail or get nothing. All of it is real but what the agents say
// of their machines.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskState } from '../src/model/generated/messages.ts';
import { freePort, Program, until } from '../test/support/cluster.ts';
import { FrameworkOnSite, type SiteFramework, type WantedTask } from './shots-framework.ts';

const ZONES = ['a', 'b', 'c'];
const RACKS = [1, 2];
const MACHINES = [1, 2, 3];
/** The usual one: each machine has an address of the loopback to itself. */
const AGENT_PORT = 5051;

const domain = (zone: string) =>
  `--domain={"fault_domain":{"region":{"name":"north"},"zone":{"name":"${zone}"}}}`;

interface Machine {
  readonly hostname: string;
  readonly ip: string;
  readonly flags: readonly string[];
}

/** One of each zone has GPUs, the last one of a rack a slow disk. */
const SITE: readonly Machine[] = ZONES.flatMap((zone, zoneIndex) =>
  RACKS.flatMap((rack) =>
    MACHINES.map((machine) => {
      const hasGpus = rack === 1 && machine === 1;
      const [cpus, memMb, more] = hasGpus ? [32, 262_144, ';gpus:4'] : [16, 65_536, ''];
      const disk = machine === MACHINES.length ? 'hdd' : 'nvme';
      return {
        hostname: `${zone}${rack}-0${machine}`,
        ip: `127.7.${zoneIndex + 1}${rack}.${machine}`,
        flags: [
          `--resources=cpus:${cpus};mem:${memMb};disk:2000000;ports:[31000-31999]${more}`,
          `--attributes=rack:${zone}${rack};disk:${disk}`,
          domain(zone),
        ],
      };
    }),
  ),
);

const many = (count: number, base: string, rest: Omit<WantedTask, 'name'>): WantedTask[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${base}-${index + 1}`, ...rest }));

const serving = (path: string) =>
  `n=0; while true; do n=$((n + 1)); echo "request $n: GET ${path} 200 in $((n * 7 % 40 + 3)) ms"; sleep 15; done`;

const FRAMEWORKS: readonly SiteFramework[] = [
  {
    name: 'marathon',
    role: 'web/front',
    tasks: [
      ...many(9, 'storefront', {
        ...{ cpus: 4, memMb: 8192, command: serving('/') },
        labels: { tier: 'front', team: 'shop' },
      }),
      ...many(6, 'images', {
        ...{ cpus: 2, memMb: 12_288, command: serving('/img/2048') },
        labels: { tier: 'front', team: 'media' },
      }),
    ],
  },
  {
    name: 'marathon-api',
    role: 'web/api',
    tasks: [
      ...many(8, 'search', {
        ...{ cpus: 6, memMb: 16_384, command: serving('/search?q=lamp') },
        labels: { tier: 'api', team: 'search' },
      }),
      ...many(5, 'checkout', {
        ...{ cpus: 3, memMb: 6144, command: serving('/cart') },
        labels: { tier: 'api', team: 'shop' },
      }),
    ],
  },
  {
    name: 'spark-etl',
    role: 'data/etl',
    tasks: [
      ...many(7, 'sessions-hourly', {
        ...{ cpus: 8, memMb: 24_576 },
        command: 'for p in 1 2 3 4 5 6 7 8; do echo "part $p of 240: 1.2 M rows"; done; sleep 3600',
      }),
      ...many(4, 'orders-daily', { cpus: 2, memMb: 4096, command: 'echo "88412 rows written"' }),
      {
        name: 'invoices-daily',
        ...{ cpus: 2, memMb: 4096 },
        command:
          'echo "reading invoices of yesterday"; echo "part 17 of 40" ; echo "ValueError: amount is not a number: \'12,90\' (line 88412)" >&2; exit 1',
      },
    ],
  },
  {
    name: 'training',
    role: 'ml',
    tasks: many(5, 'ranking', {
      ...{ cpus: 8, memMb: 65_536, gpus: 2 },
      command:
        'for e in 1 2 3 4; do echo "epoch $e: loss 0.$((70 - e * 9)), 812 s"; done; sleep 3600',
    }),
  },
  {
    name: 'jenkins',
    role: 'ci',
    tasks: [
      ...many(4, 'build-main', { cpus: 4, memMb: 8192, command: 'echo compiling; sleep 3600' }),
      ...many(3, 'lint', { cpus: 1, memMb: 2048, command: 'echo "no findings"' }),
      {
        name: 'test-flaky',
        ...{ cpus: 2, memMb: 4096 },
        command: 'echo "412 passed, 1 failed"; exit 3',
      },
    ],
  },
];

const HOURS = 3_600_000_000_000;

export class Site {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mesoscale-shots-'));
  readonly #programs: Program[] = [];
  readonly #frameworks = new Map<string, FrameworkOnSite>();
  #port = 0;

  get url(): string {
    return `http://${this.#address}`;
  }

  get #address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  framework(name: string): FrameworkOnSite {
    const found = this.#frameworks.get(name);
    if (found === undefined) {
      throw new Error(`There is no framework ${name}`);
    }
    return found;
  }

  /** Resolves when all that can run does, and operators have done what they do. */
  async start(): Promise<void> {
    await this.#startServers();
    await this.#operate('UPDATE_QUOTA', {
      update_quota: {
        quota_configs: [
          { role: 'data', limits: { cpus: { value: 96 }, mem: { value: 262_144 } } },
          {
            role: 'ml',
            limits: {
              cpus: { value: 24 },
              mem: { value: 196_608 },
              gpus: { value: 6 },
              disk: { value: 0 },
            },
          },
          { role: 'web', guarantees: { cpus: { value: 64 } }, limits: { cpus: { value: 160 } } },
        ],
      },
    });
    await this.#operate('UPDATE_WEIGHTS', {
      update_weights: {
        weight_infos: [
          { role: 'web', weight: 4 },
          { role: 'ci', weight: 0.5 },
        ],
      },
    });
    for (const framework of FRAMEWORKS) {
      const on = new FrameworkOnSite(this.#address, framework);
      this.#frameworks.set(framework.name, on);
      // Three of the trainings have room in their quota.
      const count = framework.name === 'training' ? 3 : framework.tasks.length;
      await until(`the tasks of ${framework.name}`, () => on.hasBegun(count));
    }
    await until(
      'failures',
      () => this.framework('spark-etl').states.get('invoices-daily') === TaskState.TASK_FAILED,
    );
    await this.#maintain();
  }

  async stop(): Promise<void> {
    for (const framework of this.#frameworks.values()) {
      framework.close();
    }
    for (const program of this.#programs.toReversed()) {
      if (program.isAgent) {
        // Its tasks end with it.
        await program.kill('SIGUSR1');
      } else {
        await program.kill('SIGKILL');
      }
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async agents(): Promise<{ id: string; hostname: string }[]> {
    const { slaves } = (await (await fetch(`${this.url}/slaves`)).json()) as {
      slaves: { id: string; hostname: string }[];
    };
    return slaves;
  }

  async #startServers(): Promise<void> {
    this.#port = await freePort();
    this.#run('master', [
      ...['master', '--ip=127.0.0.1', `--port=${this.#port}`, domain('a')],
      `--work_dir=${join(this.#folder, 'master')}`,
    ]);
    await until('the master answers', async () => (await fetch(`${this.url}/health`)).ok);
    for (const { hostname, ip, flags } of SITE) {
      const folder = join(this.#folder, hostname);
      this.#run(hostname, [
        ...['agent', `--hostname=${hostname}`, `--ip=${ip}`, `--port=${AGENT_PORT}`],
        ...[`--master=${this.#address}`, '--registration_backoff_factor=10ms'],
        ...[`--work_dir=${folder}`, `--runtime_dir=${join(folder, 'run')}`, '--no-switch_user'],
        ...flags,
      ]);
    }
    await until('all agents', async () => (await this.agents()).length === SITE.length);
  }

  #run(name: string, parameters: readonly string[]): void {
    this.#programs.push(new Program(parameters, join(this.#folder, `${name}.log`)));
  }

  /** A rack is maintained tonight, and one machine is drained. */
  async #maintain(): Promise<void> {
    const agents = await this.agents();
    const machine_ids = SITE.filter(({ hostname }) => hostname.startsWith('c2-')).map(
      ({ hostname, ip }) => ({ hostname, ip }),
    );
    const nanoseconds = Date.now() * 1_000_000;
    await this.#operate('UPDATE_MAINTENANCE_SCHEDULE', {
      update_maintenance_schedule: {
        schedule: {
          windows: [
            {
              machine_ids,
              unavailability: {
                start: { nanoseconds: nanoseconds + 5 * HOURS },
                duration: { nanoseconds: 2 * HOURS },
              },
            },
          ],
        },
      },
    });
    const drained = agents.find(({ hostname }) => hostname.startsWith('b2-03'));
    await this.#operate('DRAIN_AGENT', { drain_agent: { agent_id: { value: drained?.id } } });
  }

  async #operate(type: string, body: object): Promise<void> {
    const response = await fetch(`${this.url}/api/v1`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ type, ...body }),
    });
    if (!response.ok) {
      throw new Error(`${type} was answered with ${response.status}: ${await response.text()}`);
    }
  }
}
