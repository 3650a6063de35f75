// What the benches of one real agent have in common: their options, the agent with its master, and
// the report of several runs.
import { whole } from '../arguments.ts';
import { MasterProcess } from '../e2e/master-process.ts';
import { type Measurement, report } from '../report.ts';
import { AgentProcess } from './agent-process.ts';

/** For parseArgs; `port` is the default of that option. */
export const sharedOptions = (port: number) => ({
  runtime: { type: 'string' as const, default: '/usr/bin/crun' },
  port: { type: 'string' as const, default: String(port) },
  timeout: { type: 'string' as const, default: '300' },
  runs: { type: 'string' as const, default: '1' },
});

export interface SharedOptions {
  readonly runtime: string;
  /** Of the master; that of the agent is the next. */
  readonly port: number;
  /** Of one run. */
  readonly timeoutMs: number;
  readonly runs: number;
}

/** Throws UsageError. */
export const sharedValues = (
  values: Readonly<Record<keyof ReturnType<typeof sharedOptions>, string>>,
): SharedOptions => ({
  runtime: values.runtime,
  port: whole('port', values.port, 1),
  timeoutMs: whole('timeout', values.timeout, 1) * 1000,
  runs: whole('runs', values.runs, 1),
});

export interface Runs {
  readonly suite: string;
  readonly workload: string;
  readonly count: number;
  readonly json: boolean;
}

export async function reportRuns(
  { suite, workload, count, json }: Runs,
  measure: () => Promise<Measurement[]>,
): Promise<void> {
  const runs: Measurement[][] = [];
  for (let i = 0; i < count; i++) {
    runs.push(await measure());
  }
  report({ suite, workload, agents: 1, frameworks: 1, runs, json });
}

interface AgentNeeds extends Pick<SharedOptions, 'port' | 'timeoutMs'> {
  /** Besides CPUs, memory and disk. */
  readonly resources?: string;
}

/** `play` starts the agent; it and the master are stopped when that is over, or late. */
export async function withAgent<T>(
  { port, timeoutMs, resources }: AgentNeeds,
  flags: readonly string[],
  play: (agent: AgentProcess) => Promise<T>,
): Promise<T> {
  const master = new MasterProcess(port, ['--allocation_interval=50ms']);
  await master.start();
  const agent = new AgentProcess({ master: `127.0.0.1:${port}`, port: port + 1, flags, resources });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('not done in time')), timeoutMs);
  try {
    return await Promise.race([play(agent), late.promise]);
  } finally {
    clearTimeout(timer);
    await agent.stop();
    await master.stop();
  }
}

/**
 * Milliseconds until the URL is answered, at best: the first answers are slower, for that is when
 * they are compiled.
 */
export async function fastest(url: string): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const beganMs = performance.now();
    const answer = await fetch(url);
    await answer.text();
    if (answer.status !== 200) {
      throw new Error(`${url} was answered with ${answer.status}`);
    }
    least = Math.min(least, performance.now() - beganMs);
  }
  return least;
}
