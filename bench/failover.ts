// What a change of the leader costs: simulated agents and frameworks use several masters behind
// ZooKeeper, the leader is killed, and the next one is timed until all is as it was.
import { parseArgs } from 'node:util';
import { type Address, formatAddress } from '../src/model/address.ts';
import { UsageError, whole } from './arguments.ts';
import { Fleet } from './e2e/fleet.ts';
import { FailoverFramework } from './failover/framework.ts';
import { answersCalls, Masters } from './failover/masters.ts';
import { type Measurement, report } from './report.ts';

export const USAGE = `usage: npm run bench -- failover [options]

Needs Debian's package zookeeper.

  --masters=N           masters (3)
  --servers=N           servers of the ensemble (3)
  --agents=N            simulated agents (10000)
  --frameworks=M        frameworks, each with a role of its own (10)
  --tasks=K             tasks in all, which run before and after (20000)
  --tasks-per-offer=K   tasks in one ACCEPT (10)
  --session-timeout=S   seconds that a session with ZooKeeper lasts (10)
  --signal=NAME         how the leader ends: SIGKILL, or SIGTERM (SIGKILL)
  --addresses=A         loopback addresses the agents are spread over (50)
  --port=P              port of the simulated agents, and the next ones of masters (16060)
  --timeout=S           give up after that long (300)
  --runs=R              runs, for median, min and max (1)
  --json                one object a line`;

/** Agents do not all come at once (--registration_backoff_factor). */
const REGISTRATION_BACKOFF_MS = 1_000;
const SIGNALS = ['SIGKILL', 'SIGTERM'] as const;

export async function run({ args, json }: { args: string[]; json: boolean }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      masters: { type: 'string', default: '3' },
      servers: { type: 'string', default: '3' },
      agents: { type: 'string', default: '10000' },
      frameworks: { type: 'string', default: '10' },
      tasks: { type: 'string', default: '20000' },
      'tasks-per-offer': { type: 'string', default: '10' },
      'session-timeout': { type: 'string', default: '10' },
      signal: { type: 'string', default: 'SIGKILL' },
      addresses: { type: 'string', default: '50' },
      port: { type: 'string', default: '16060' },
      timeout: { type: 'string', default: '300' },
      runs: { type: 'string', default: '1' },
    },
  });
  const signal = SIGNALS.find((it) => it === values.signal);
  if (signal === undefined) {
    throw new UsageError(`--signal expects ${SIGNALS.join(' or ')}, got '${values.signal}'`);
  }
  const port = whole('port', values.port, 1);
  const options: RunOptions = {
    masters: whole('masters', values.masters, 2),
    servers: whole('servers', values.servers, 1),
    agents: whole('agents', values.agents, 1),
    frameworks: whole('frameworks', values.frameworks, 1),
    tasks: whole('tasks', values.tasks, 1),
    tasksPerOffer: whole('tasks-per-offer', values['tasks-per-offer'], 1),
    sessionTimeoutMs: whole('session-timeout', values['session-timeout'], 1) * 1000,
    addresses: whole('addresses', values.addresses, 1),
    timeoutMs: whole('timeout', values.timeout, 1) * 1000,
    ...{ signal, port, mastersPort: port + 1 },
  };
  if (options.tasks < options.frameworks) {
    throw new UsageError('--tasks expects at least one for each framework');
  }
  const runs: Measurement[][] = [];
  for (let i = 0; i < whole('runs', values.runs, 1); i++) {
    runs.push(await measure(options));
  }
  const { agents, frameworks } = options;
  report({ suite: 'failover', workload: signal, agents, frameworks, runs, json });
}

interface RunOptions {
  readonly masters: number;
  readonly servers: number;
  readonly agents: number;
  readonly frameworks: number;
  readonly tasks: number;
  readonly tasksPerOffer: number;
  readonly sessionTimeoutMs: number;
  readonly signal: (typeof SIGNALS)[number];
  readonly addresses: number;
  /** Of agents. */
  readonly port: number;
  readonly mastersPort: number;
  readonly timeoutMs: number;
}

async function measure(options: RunOptions): Promise<Measurement[]> {
  const { timeoutMs } = options;
  const masters = await Masters.start({ ...options, port: options.mastersPort });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`not done after ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  const run = new Run(options, masters);
  try {
    return await Promise.race([run.play(), run.failed, late.promise]);
  } finally {
    clearTimeout(timer);
    await run.end();
    await masters.stop();
  }
}

/** What happens to those of a phase, each once. */
interface Phase {
  readonly elected: PromiseWithResolvers<Address>;
  readonly registered: PromiseWithResolvers<void>;
  readonly subscribed: PromiseWithResolvers<void>;
  readonly offered: PromiseWithResolvers<void>;
  readonly running: PromiseWithResolvers<void>;
  readonly subscribers: Set<number>;
  readonly runners: Set<number>;
}

const newPhase = (): Phase => ({
  elected: Promise.withResolvers(),
  registered: Promise.withResolvers(),
  subscribed: Promise.withResolvers(),
  offered: Promise.withResolvers(),
  running: Promise.withResolvers(),
  subscribers: new Set(),
  runners: new Set(),
});

class Run {
  readonly #options: RunOptions;
  readonly #masters: Masters;
  readonly #failure = Promise.withResolvers<never>();
  readonly #frameworks: FailoverFramework[] = [];
  #fleet: Fleet | undefined;
  #phase = newPhase();

  constructor(options: RunOptions, masters: Masters) {
    this.#options = options;
    this.#masters = masters;
  }

  /** Rejects when something has gone wrong. */
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  async play(): Promise<Measurement[]> {
    const before = this.#phase;
    this.#masters.follow((leader) => this.#phase.elected.resolve(leader));
    const first = await before.elected.promise;
    await answersCalls(first);
    const fleet = await this.#startAgents(first);
    await before.registered.promise;
    this.#startFrameworks(first);
    await before.running.promise;

    const after = newPhase();
    this.#phase = after;
    this.#masters.follow((leader) => {
      if (leader.port !== first.port) {
        after.elected.resolve(leader);
        fleet.moveTo(leader, REGISTRATION_BACKOFF_MS);
        for (const framework of this.#frameworks) {
          framework.moveTo(formatAddress(leader));
        }
      }
    });
    for (const framework of this.#frameworks) {
      framework.forget();
    }
    const usedBefore = this.#masters.usages();
    const endedAt = performance.now();
    const ended = this.#masters.at(first).end(this.#options.signal);
    const time = async (metric: string, what: Promise<unknown>): Promise<Measurement> => {
      await what;
      return { metric, unit: 's', value: (performance.now() - endedAt) / 1000 };
    };
    const times = await Promise.all([
      time('leader.elected', after.elected.promise),
      time('leader.answers', after.elected.promise.then(answersCalls)),
      time('frameworks.subscribed', after.subscribed.promise),
      time('offer.first', after.offered.promise),
      time('agents.back', after.registered.promise),
      time('tasks.reconciled', after.running.promise),
    ]);
    await ended;
    const { port } = await after.elected.promise;
    const { rssMb = 0, cpuSeconds = 0 } = this.#masters.usages().get(port) ?? {};
    const cpuBefore = usedBefore.get(port)?.cpuSeconds ?? 0;
    return [
      ...times,
      { metric: 'leader.cpu', unit: 's', value: cpuSeconds - cpuBefore },
      { metric: 'leader.rss', unit: 'MB', value: rssMb },
    ];
  }

  async end(): Promise<void> {
    await Promise.all(this.#frameworks.map((framework) => framework.teardown()));
    this.#fleet?.stop();
  }

  async #startAgents(master: Address): Promise<Fleet> {
    const fleet = new Fleet({
      ...{
        ...this.#options,
        master,
        cpus: 8,
        memMb: 16_384,
        finish: false,
        retryMs: REGISTRATION_BACKOFF_MS,
      },
      onRegistered: () => this.#phase.registered.resolve(),
      onRunning: () => undefined,
      onFinished: () => undefined,
      onLost: () => undefined,
    });
    this.#fleet = fleet;
    await fleet.listen();
    fleet.start();
    return fleet;
  }

  #startFrameworks(master: Address): void {
    const { frameworks, tasks, tasksPerOffer } = this.#options;
    for (let index = 0; index < frameworks; index++) {
      const share = Math.floor(tasks / frameworks) + (index < tasks % frameworks ? 1 : 0);
      this.#frameworks.push(
        new FailoverFramework({
          ...{ master: formatAddress(master), index, tasks: share, tasksPerOffer },
          onSubscribed: () => {
            const { subscribers, subscribed } = this.#phase;
            if (subscribers.add(index).size === frameworks) {
              subscribed.resolve();
            }
          },
          onOffer: () => {
            // Those of the leader before may still come.
            if (this.#phase.subscribers.has(index)) {
              this.#phase.offered.resolve();
            }
          },
          onRunning: () => {
            const { runners, running } = this.#phase;
            if (runners.add(index).size === frameworks) {
              running.resolve();
            }
          },
          onFailure: (why) =>
            this.#failure.reject(new Error(`framework ${index} has failed: ${why}`)),
        }),
      );
    }
  }
}
