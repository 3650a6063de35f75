// A large cluster to look at: a master with simulated agents, the tasks of simulated frameworks
// that go on to run, and as many more that come and go as are asked for.
import { TaskState } from '../../src/model/generated/messages.ts';
import { Fleet } from '../e2e/fleet.ts';
import { MasterProcess, usageOf } from '../e2e/master-process.ts';
import { LoadScheduler } from '../e2e/scheduler.ts';

export interface CrowdOptions {
  readonly agents: number;
  readonly frameworks: number;
  readonly tasks: number;
  readonly port: number;
}

/** Tasks as fast as they go: how long it took, and the master's CPU time. */
export interface Rush {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Each task that comes and goes is one event when it is added, and one for each of its states. */
export const EVENTS_OF_TASK = 4;

/** Offers on the table, of which tasks come by and by. */
const KEPT_OFFERS = 500;
const TASKS_PER_OFFER = 10;
const PACE_MS = 50;

export class Crowd {
  readonly master: MasterProcess;
  readonly #options: CrowdOptions;
  readonly #fleet: Fleet;
  readonly #registered = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<never>();
  readonly #schedulers: LoadScheduler[] = [];
  #isReached: () => boolean = () => false;
  #reached: () => void = () => {};
  #running = 0;
  #finished = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.master = new MasterProcess(options.port, ['--allocation_interval=50ms'], {
      isWatched: true,
    });
    this.#fleet = new Fleet({
      master: { host: '127.0.0.1', port: options.port },
      agents: options.agents,
      addresses: 50,
      port: options.port + 1,
      cpus: 16,
      memMb: 16_384,
      finish: false,
      retryMs: 1000,
      onRegistered: () => this.#registered.resolve(),
      onRunning: () => {
        this.#running++;
        this.#look();
      },
      onFinished: () => {
        this.#finished++;
        this.#look();
      },
      onLost: () => undefined,
    });
    this.#failed.promise.catch(() => undefined);
  }

  get cpuSeconds(): number {
    return usageOf(this.master.pid)?.cpuSeconds ?? 0;
  }

  /** Resolves when all agents are there, and all tasks run. */
  async start(): Promise<void> {
    const { frameworks, tasks } = this.#options;
    await this.master.start();
    await this.#fleet.listen();
    this.#fleet.start();
    await this.#registered.promise;
    for (let index = 0; index < frameworks; index++) {
      const share = Math.floor(tasks / frameworks) + (index < tasks % frameworks ? 1 : 0);
      this.#scheduler(index, share).subscribe();
    }
    await this.#until(() => this.#running === tasks);
    this.#fleet.finish = true;
  }

  /** That many tasks come and go. */
  async rush(tasks: number): Promise<Rush> {
    const before = { cpu: this.cpuSeconds, ms: performance.now(), finished: this.#finished };
    const scheduler = this.#scheduler(this.#schedulers.length, tasks);
    scheduler.subscribe();
    await this.#until(() => this.#finished === before.finished + tasks);
    const seconds = (performance.now() - before.ms) / 1000;
    const cpuSeconds = this.cpuSeconds - before.cpu;
    scheduler.teardown();
    return { seconds, cpuSeconds };
  }

  /** Tasks come and go at a pace until it is ended, which tells how many did. */
  trickle(tasksPerSecond: number): { end(): number } {
    const scheduler = this.#scheduler(this.#schedulers.length, 0, KEPT_OFFERS);
    scheduler.subscribe();
    const beganMs = performance.now();
    let launched = 0;
    const timer = setInterval(() => {
      const due = ((performance.now() - beganMs) / 1000) * tasksPerSecond;
      launched += scheduler.launch(Math.floor(due) - launched);
    }, PACE_MS);
    return {
      end: () => {
        clearInterval(timer);
        scheduler.teardown();
        return launched;
      },
    };
  }

  async stop(): Promise<void> {
    for (const scheduler of this.#schedulers) {
      scheduler.close();
    }
    this.#fleet.stop();
    await this.master.stop();
  }

  #scheduler(index: number, tasks: number, keeps = 0): LoadScheduler {
    const scheduler = new LoadScheduler({
      master: { host: '127.0.0.1', port: this.#options.port },
      index,
      tasks,
      tasksPerOffer: TASKS_PER_OFFER,
      inflight: 0,
      codec: 'protobuf',
      keeps,
      onSubscribed: () => undefined,
      onAccept: () => undefined,
      onStatus: (id, state) => {
        if (state === TaskState.TASK_LOST) {
          this.#failed.reject(new Error(`task ${id} is lost`));
        }
      },
      onFailure: (why) => this.#failed.reject(new Error(`framework ${index}: ${why}`)),
    });
    this.#schedulers.push(scheduler);
    return scheduler;
  }

  async #until(isReached: () => boolean): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve;
    });
    this.#isReached = isReached;
    this.#look();
    await Promise.race([reached, this.#failed.promise]);
  }

  #look(): void {
    if (this.#isReached()) {
      this.#reached();
    }
  }
}
