// The whole path of a task under load: simulated agents and schedulers use a real master over
// sockets. A task is one ACCEPT and three status updates, one by one, each acknowledged through the
// master.
import { parseArgs } from 'node:util';
import { TaskState } from '../src/model/generated/messages.ts';
import { UsageError, whole } from './arguments.ts';
import { Fleet, fleetIps } from './e2e/fleet.ts';
import { HealthProbe } from './e2e/health-probe.ts';
import { MasterProcess, type Usage, usageOf } from './e2e/master-process.ts';
import { LoadScheduler } from './e2e/scheduler.ts';
import { BenchTls, type Pems } from './e2e/tls.ts';
import { type Measurement, quantile, report } from './report.ts';

export const USAGE = `usage: npm run bench -- e2e [options]

  --agents=N          simulated agents (100)
  --frameworks=M      schedulers, each with a role of its own (1)
  --tasks=K           tasks in all (10000)
  --tasks-per-offer=K tasks in one ACCEPT (10)
  --inflight=W        calls besides acknowledgements that may be unanswered, 0: unpaced (0)
  --codec=protobuf    or json
  --addresses=A       loopback addresses the agents are spread over (50)
  --port=P            port of the simulated agents (16060)
  --master=HOST:PORT  a running master instead of one started for the run
  --master-pid=PID    its process, for CPU and memory
  --crash             keep the tasks running, kill -9 the master, start it again, wait for all agents
  --hold=S            register, then hold still for S seconds (memory, idle CPU)
  --timeout=S         give up after that long (300)
  --tls               each run twice: plain, and with TLS, certificates at both ends; and the ratio
  --runs=R            runs, for median, min and max (1)
  --json              one object a line`;

export async function run({ args }: { json: boolean; args: string[] }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      agents: { type: 'string', default: '100' },
      frameworks: { type: 'string', default: '1' },
      tasks: { type: 'string', default: '10000' },
      'tasks-per-offer': { type: 'string', default: '10' },
      inflight: { type: 'string', default: '0' },
      codec: { type: 'string', default: 'protobuf' },
      addresses: { type: 'string', default: '50' },
      port: { type: 'string', default: '16060' },
      master: { type: 'string' },
      'master-pid': { type: 'string' },
      crash: { type: 'boolean', default: false },
      hold: { type: 'string', default: '0' },
      timeout: { type: 'string', default: '300' },
      tls: { type: 'boolean', default: false },
      runs: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.codec !== 'protobuf' && values.codec !== 'json') {
    throw new UsageError(`--codec expects protobuf or json, got '${values.codec}'`);
  }
  const [host = '127.0.0.1', port = '15900'] = (values.master ?? '127.0.0.1:15900').split(':');
  const options: RunOptions = {
    agents: whole('agents', values.agents),
    frameworks: whole('frameworks', values.frameworks),
    tasks: whole('tasks', values.tasks),
    tasksPerOffer: whole('tasks-per-offer', values['tasks-per-offer']),
    inflight: whole('inflight', values.inflight),
    codec: values.codec,
    addresses: whole('addresses', values.addresses),
    port: whole('port', values.port),
    own: values.master === undefined,
    master: { host, port: whole('master', port) },
    masterPid:
      values['master-pid'] === undefined ? undefined : whole('master-pid', values['master-pid'], 1),
    crash: values.crash,
    holdMs: whole('hold', values.hold) * 1000,
    timeoutMs: whole('timeout', values.timeout) * 1000,
  };
  if (options.crash && !options.own) {
    throw new UsageError('--crash needs a master of its own: leave --master out');
  }
  if (values.tls && !options.own) {
    throw new UsageError('--tls needs a master of its own: leave --master out');
  }
  const workload = `${options.crash ? 'crash' : options.holdMs > 0 ? 'hold' : 'tasks'}-${options.codec}${options.inflight > 0 ? '-paced' : ''}`;
  const tell = (what: string, runs: readonly (readonly Measurement[])[]) =>
    report({
      suite: 'e2e',
      workload: what,
      agents: options.agents,
      frameworks: options.frameworks,
      runs,
      json: values.json,
    });
  const plain: Measurement[][] = [];
  const encrypted: Measurement[][] = [];
  const tls = values.tls ? new BenchTls(['127.0.0.1', ...fleetIps(options)]) : undefined;
  for (let i = 0; i < whole('runs', values.runs); i++) {
    plain.push(await new Run(options).measure());
    if (tls !== undefined) {
      encrypted.push(await new Run({ ...options, tls, pems: tls.pems }).measure());
    }
  }
  tell(workload, plain);
  if (tls !== undefined) {
    tls.remove();
    tell(`${workload}-tls`, encrypted);
    tell(`${workload}-tls-to-plain`, [ratios(encrypted, plain)]);
  }
}

/** Each metric's median, as a multiple of the same without TLS, where that is not zero. */
const ratios = (of: readonly Measurement[][], to: readonly Measurement[][]): Measurement[] =>
  (of[0] ?? [])
    .filter(({ metric }) => medianOf(metric, to) > 0)
    .map(({ metric }) => ({
      metric,
      unit: 'times',
      value: medianOf(metric, of) / medianOf(metric, to),
    }));

function medianOf(metric: string, runs: readonly Measurement[][]): number {
  const values = runs.flatMap((run) => run.filter((each) => each.metric === metric));
  return quantile(
    values.map(({ value }) => value).sort((a, b) => a - b),
    0.5,
  );
}

interface RunOptions {
  readonly agents: number;
  readonly frameworks: number;
  readonly tasks: number;
  readonly tasksPerOffer: number;
  readonly inflight: number;
  readonly codec: 'json' | 'protobuf';
  readonly addresses: number;
  readonly port: number;
  readonly own: boolean;
  readonly master: { readonly host: string; readonly port: number };
  readonly masterPid: number | undefined;
  readonly crash: boolean;
  readonly holdMs: number;
  readonly timeoutMs: number;
  readonly tls?: BenchTls | undefined;
  readonly pems?: Pems | undefined;
}

/** One run, from the start of the master to the last acknowledgement. */
class Run {
  readonly #options: RunOptions;
  readonly #acceptedAt = new Map<string, number>();
  readonly #toRunning: number[] = [];
  readonly #measurements = new Map<string, Measurement>();

  constructor(options: RunOptions) {
    this.#options = options;
  }

  async measure(): Promise<Measurement[]> {
    const { master, own, masterPid, tls, pems } = this.#options;
    const process_ = own
      ? new MasterProcess(master.port, ['--allocation_interval=50ms'], { tls })
      : undefined;
    await process_?.start();
    const pid = () => process_?.pid ?? masterPid;
    const probe = new HealthProbe({ ...master, pems });
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => deadline.reject(new Error(`not done after ${this.#options.timeoutMs / 1000} s`)),
      this.#options.timeoutMs,
    );
    try {
      await Promise.race([this.#play(process_, pid), deadline.promise]);
    } finally {
      clearTimeout(timer);
      const health = await probe.stop();
      this.#add('health.p99', 'ms', quantile(health.answered, 0.99));
      this.#add('health.max', 'ms', health.answered.at(-1) ?? 0);
      this.#add('health.failed', 'requests', health.failed);
      await process_?.stop();
    }
    return [...this.#measurements.values()];
  }

  async #play(own: MasterProcess | undefined, pid: () => number | undefined): Promise<void> {
    const { agents, crash, frameworks, holdMs, tasks } = this.#options;
    const registered = Promise.withResolvers<void>();
    const back = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    let phase = registered;
    let finished = 0;
    let running = 0;
    const fleet = new Fleet({
      ...this.#options,
      cpus: 8,
      memMb: 16_384,
      finish: !crash,
      retryMs: 1000,
      onRegistered: () => phase.resolve(),
      onRunning: () => {
        running++;
        if (crash && running === tasks) {
          done.resolve();
        }
      },
      onFinished: () => {
        finished++;
        if (finished === tasks) {
          done.resolve();
        }
      },
      onLost: () => undefined,
    });
    await fleet.listen();
    const schedulers: LoadScheduler[] = [];
    try {
      const began = performance.now();
      fleet.start();
      await registered.promise;
      const seconds = (performance.now() - began) / 1000;
      this.#add('register.all', 's', seconds);
      this.#add('register.rate', 'agents/s', agents / seconds);
      if (holdMs > 0) {
        await this.#hold(pid, holdMs);
        return;
      }
      const failed = Promise.withResolvers<never>();
      for (let index = 0; index < frameworks; index++) {
        const share = Math.floor(tasks / frameworks) + (index < tasks % frameworks ? 1 : 0);
        schedulers.push(this.#scheduler(index, share, failed.reject));
      }
      const before = mark(pid());
      for (const scheduler of schedulers) {
        scheduler.subscribe();
      }
      await Promise.race([done.promise, failed.promise]);
      this.#tasksDone(before, mark(pid()), fleet);
      if (crash && own !== undefined) {
        failed.promise.catch(() => undefined); // the streams break now, on purpose
        phase = back;
        await own.crash();
        const crashedAt = performance.now();
        await own.start();
        const upAt = performance.now();
        await back.promise;
        this.#add('back.all', 's', (performance.now() - upAt) / 1000);
        this.#add('back.since-crash', 's', (performance.now() - crashedAt) / 1000);
        this.#addUsage(usageOf(pid()));
      }
    } finally {
      for (const scheduler of schedulers) {
        scheduler.teardown();
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const scheduler of schedulers) {
        scheduler.close();
      }
      fleet.stop();
    }
  }

  #scheduler(index: number, tasks: number, fail: (error: Error) => void): LoadScheduler {
    return new LoadScheduler({
      ...this.#options,
      index,
      tasks,
      onSubscribed: () => undefined,
      onAccept: (ids) => {
        const now = performance.now();
        for (const id of ids) {
          this.#acceptedAt.set(id, now);
        }
      },
      onStatus: (id, state) => {
        const accepted = this.#acceptedAt.get(id);
        if (state === TaskState.TASK_RUNNING && accepted !== undefined) {
          this.#toRunning.push(performance.now() - accepted);
          this.#acceptedAt.delete(id);
        }
      },
      onFailure: (why) => fail(new Error(`framework ${index}: ${why}`)),
    });
  }

  async #hold(pid: () => number | undefined, holdMs: number): Promise<void> {
    const before = mark(pid());
    await new Promise((resolve) => setTimeout(resolve, holdMs));
    const after = mark(pid());
    if (before.master !== undefined && after.master !== undefined) {
      const cpu = after.master.cpuSeconds - before.master.cpuSeconds;
      this.#add('idle.cpu', '%', (cpu / (holdMs / 1000)) * 100);
    }
    this.#addUsage(after.master);
  }

  #tasksDone(before: Mark, after: Mark, fleet: Fleet): void {
    const { tasks } = this.#options;
    this.#add('tasks.rate', 'tasks/s', tasks / ((after.atMs - before.atMs) / 1000));
    this.#toRunning.sort((a, b) => a - b);
    this.#add('accept-to-running.p50', 'ms', quantile(this.#toRunning, 0.5));
    this.#add('accept-to-running.p99', 'ms', quantile(this.#toRunning, 0.99));
    if (before.master !== undefined && after.master !== undefined) {
      const cpu = after.master.cpuSeconds - before.master.cpuSeconds;
      this.#add('master.cpu-per-task', 'ms', (cpu * 1000) / tasks);
    }
    this.#addUsage(after.master);
    this.#add('updates.resent', 'messages', fleet.sent.resent);
    this.#add('generator.cpu-per-task', 'ms', ((after.ownCpu - before.ownCpu) * 1000) / tasks);
  }

  #addUsage(usage: Usage | undefined): void {
    if (usage !== undefined) {
      this.#add('master.rss', 'MB', usage.rssMb);
    }
  }

  #add(metric: string, unit: string, value: number): void {
    this.#measurements.set(metric, { metric, unit, value });
  }
}

interface Mark {
  readonly atMs: number;
  readonly ownCpu: number;
  readonly master: Usage | undefined;
}

function mark(pid: number | undefined): Mark {
  const own = process.cpuUsage();
  return {
    atMs: performance.now(),
    ownCpu: (own.user + own.system) / 1e6,
    master: usageOf(pid),
  };
}
