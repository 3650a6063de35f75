// The operators' page on a large cluster: what it costs Chromium, and what it costs the master.
// Beside it `/state`, which the page of Apache Mesos reads every ten seconds.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../test/support/browser.ts';
import { whole } from './arguments.ts';
import { HealthProbe } from './e2e/health-probe.ts';
import { longest } from './loop/stretches.ts';
import { type Measurement, quantile, report } from './report.ts';
import { Crowd, type CrowdOptions, EVENTS_OF_TASK, type Rush } from './webui/crowd.ts';
import { Streams } from './webui/readers.ts';
import { Tab } from './webui/tab.ts';

export const USAGE = `usage: npm run bench -- webui [options]

  --agents=N       simulated agents (10000)
  --frameworks=M   frameworks (10)
  --tasks=K        tasks that run (100000)
  --events=E       events a second while frames are counted (1000)
  --seconds=S      how long, in each of five views (12)
  --pages=P        pages open while the master's rate of tasks is measured (5)
  --rush=K         tasks of such a measurement (10000)
  --turns=T        such measurements, with and without pages in turns (3)
  --port=P         port of the master; that of the agents is the next (16260)
  --timeout=S      give up after that long (900)
  --runs=R         runs, for median, min and max (1)
  --json           one object a line`;

interface RunOptions extends CrowdOptions {
  readonly events: number;
  readonly seconds: number;
  readonly pages: number;
  readonly rush: number;
  readonly turns: number;
  readonly timeoutMs: number;
}

export async function run({ args, json }: { json: boolean; args: string[] }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      agents: { type: 'string', default: '10000' },
      frameworks: { type: 'string', default: '10' },
      tasks: { type: 'string', default: '100000' },
      events: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '12' },
      pages: { type: 'string', default: '5' },
      rush: { type: 'string', default: '10000' },
      turns: { type: 'string', default: '3' },
      port: { type: 'string', default: '16260' },
      timeout: { type: 'string', default: '900' },
      runs: { type: 'string', default: '1' },
    },
  });
  const options: RunOptions = {
    agents: whole('agents', values.agents, 1),
    frameworks: whole('frameworks', values.frameworks, 1),
    tasks: whole('tasks', values.tasks, 1),
    events: whole('events', values.events, EVENTS_OF_TASK),
    seconds: whole('seconds', values.seconds, 1),
    pages: whole('pages', values.pages, 1),
    rush: whole('rush', values.rush, 1),
    turns: whole('turns', values.turns, 1),
    port: whole('port', values.port, 1),
    timeoutMs: whole('timeout', values.timeout, 1) * 1000,
  };
  const runs: Measurement[][] = [];
  for (let i = 0; i < whole('runs', values.runs, 1); i++) {
    runs.push(await new Run(options).measure());
  }
  const { agents, frameworks, tasks } = options;
  report({ suite: 'webui', workload: `tasks-${tasks}`, agents, frameworks, runs, json });
}

/** How many tasks there are, when all have been told of. */
const ALL_TASKS = '.table-count:not([aria-busy])';

/** What is drawn anew as events come, in different ways. */
const VIEWS: readonly (readonly [name: string, hash: string, shown: string])[] = [
  ['overview', '#/', '.panels'],
  ['tasks', '#/tasks?state=all', '.table-count'],
  ['tasks-by-name', '#/tasks?state=all&sort=name', '.table-count'],
  ['agents', '#/agents', 'main h1'],
  ['events', '#/events', 'main h1'],
];

class Run {
  readonly #options: RunOptions;
  readonly #crowd: Crowd;
  readonly #measurements: Measurement[] = [];
  /** What is being done. */
  #phase = 'the tasks that run';

  constructor(options: RunOptions) {
    this.#options = options;
    this.#crowd = new Crowd(options);
  }

  async measure(): Promise<Measurement[]> {
    const { timeoutMs } = this.#options;
    const browser = await startBrowser();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`not done after ${timeoutMs / 1000} s: ${this.#phase}`)),
      timeoutMs,
    );
    try {
      await Promise.race([this.#play(browser), late.promise]);
    } finally {
      clearTimeout(timer);
      await browser.close();
      await this.#crowd.stop();
    }
    return this.#measurements;
  }

  async #play(browser: Browser): Promise<void> {
    await this.#crowd.start();
    this.#phase = 'the first tab';
    await this.#first(browser);
    this.#phase = 'events';
    await this.#whileEventsCome(browser);
    this.#phase = 'tasks beside pages';
    await this.#besidePages();
    this.#phase = 'the state';
    await this.#rival();
  }

  /** A tab that is opened, until it shows something, and until it has all tasks. */
  async #first(browser: Browser): Promise<void> {
    const tab = await Tab.open(browser);
    const sinceMs = Date.now();
    this.#add('paint.useful', 'ms', await tab.painted(this.#url('#/'), '.panels'));
    this.#add('script.first', 'KB', (await tab.scriptBytes()) / 1000);
    await tab.page.evaluate("location.hash = '#/tasks'");
    this.#add('paint.all-tasks', 'ms', await tab.useful(ALL_TASKS));
    this.#loop('first', sinceMs);
    await tab.close();
  }

  /** Events come while frames are counted, in one view after the other of one tab. */
  async #whileEventsCome(browser: Browser): Promise<void> {
    const { events, seconds } = this.#options;
    const tab = await Tab.open(browser);
    await tab.painted(this.#url('#/tasks'), ALL_TASKS);
    const probe = this.#probe();
    const sinceMs = Date.now();
    const trickle = this.#crowd.trickle(events / EVENTS_OF_TASK);
    for (const [name, hash, shown] of VIEWS) {
      await tab.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await tab.useful(shown);
      const frames = await tab.frames(() => delay(seconds * 1000));
      this.#add(`frame.${name}`, 'ms', frames.longest);
      this.#add(`frame.${name}.p99`, 'ms', frames.p99);
      this.#add(`frame.${name}.cpu`, 'ms', frames.cpu);
      this.#add(`frame.${name}.over-100`, 'frames', frames.over100);
    }
    const tasks = trickle.end();
    this.#add('events.rate', '/s', (tasks * EVENTS_OF_TASK * 1000) / (Date.now() - sinceMs));
    this.#loop('events', sinceMs);
    await this.#health('events', probe);
    const memory = await tab.memory();
    this.#add('tab.used', 'MB', memory.used);
    this.#add('tab.process', 'MB', memory.process);
    await tab.close();
  }

  /** The master's rate of tasks, and what a task costs it, without and with open pages. */
  async #besidePages(): Promise<void> {
    const { pages, rush, turns, port } = this.#options;
    const streams = new Streams(port);
    const probe = this.#probe();
    const none: Rush[] = [];
    const some: Rush[] = [];
    for (let turn = 0; turn < turns; turn++) {
      // The first one after streams come or go pays for what they have left behind.
      await this.#crowd.rush(rush);
      none.push(await this.#crowd.rush(rush));
      await streams.open(pages);
      await this.#crowd.rush(rush);
      some.push(await this.#crowd.rush(rush));
      await streams.end();
    }
    await this.#health('rush', probe);
    await streams.close();
    const rate = (of: readonly Rush[]) => rush / median(of.map(({ seconds }) => seconds));
    const cpu = (of: readonly Rush[]) => (median(of.map((one) => one.cpuSeconds)) * 1000) / rush;
    this.#add('rate.alone', 'tasks/s', rate(none));
    this.#add('rate.pages', 'tasks/s', rate(some));
    this.#add('rate.pages / alone', 'times', rate(some) / rate(none));
    this.#add('cpu.alone', 'ms/task', cpu(none));
    this.#add('cpu.pages', 'ms/task', cpu(some));
    this.#add('cpu.pages / alone', 'times', cpu(some) / cpu(none));
  }

  /** A page that is opened, and `/state`, which another one reads all the time. */
  async #rival(): Promise<void> {
    const streams = new Streams(this.#options.port);
    const own = await this.#costs('subscribe', async () => {
      const bytes = await streams.open(1);
      await streams.end();
      return bytes;
    });
    const theirs = await this.#costs('state', () => streams.read('/state'));
    await streams.close();
    this.#add('state / subscribe, bytes', 'times', theirs.bytes / own.bytes);
    this.#add('state / subscribe, cpu', 'times', theirs.cpuSeconds / own.cpuSeconds);
  }

  async #costs(name: string, read: () => Promise<number>) {
    await read();
    const sinceMs = Date.now();
    const before = this.#crowd.cpuSeconds;
    const bytes = await read();
    const ms = Date.now() - sinceMs;
    const cpuSeconds = this.#crowd.cpuSeconds - before;
    this.#add(`${name}.bytes`, 'MB', bytes / 1e6);
    this.#add(`${name}.time`, 'ms', ms);
    this.#add(`${name}.master-cpu`, 'ms', cpuSeconds * 1000);
    this.#loop(name, sinceMs);
    return { bytes, cpuSeconds };
  }

  #url(hash: string): string {
    return `http://127.0.0.1:${this.#options.port}/${hash}`;
  }

  #probe(): HealthProbe {
    return new HealthProbe({ host: '127.0.0.1', port: this.#options.port });
  }

  async #health(phase: string, probe: HealthProbe): Promise<void> {
    const { answered } = await probe.stop();
    this.#add(`${phase}.health.p99`, 'ms', quantile(answered, 0.99));
    this.#add(`${phase}.health.max`, 'ms', answered.at(-1) ?? 0);
  }

  #loop(phase: string, sinceMs: number): void {
    this.#measurements.push(...longest(phase, this.#crowd.master.busySince(sinceMs)));
  }

  #add(metric: string, unit: string, value: number): void {
    this.#measurements.push({ metric, unit, value });
  }
}

const median = (values: readonly number[]) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
