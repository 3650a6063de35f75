// The program perf, which asks the kernel to count events in cgroups on all CPUs: one process for
// all of them. It ends with the agent, whatever ends that.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { timerDelay } from '../../model/timer-delay.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { killGroup } from '../process-group.ts';
import { figureOf, type PerfFigures, readPerfLine } from './perf-output.ts';

/** How long perf may take to begin, and again to end. */
const PATIENCE_MS = 10_000;
/** What is kept of its complaints. */
const MAX_COMPLAINT = 300;
/** Numbers are written as in C. */
const ENVIRONMENT = { LC_ALL: 'C', PATH: process.env.PATH };

export interface PerfSample {
  /** The cgroups, below the place where they are mounted. */
  readonly cgroups: readonly string[];
  readonly durationMs: number;
  readonly abort: AbortSignal;
}

export interface PerfCounts {
  /** By cgroup. */
  readonly figures: ReadonlyMap<string, PerfFigures>;
  /** How long was counted. */
  readonly durationMs: number;
}

export class Perf {
  readonly #program: string;
  readonly #events: readonly string[];

  private constructor(program: string, events: readonly string[]) {
    this.#program = program;
    this.#events = events;
  }

  /**
   * Tries all events, in a cgroup that there is. Throws ContainerizerError where perf is missing or
   * broken, and names the events that this machine cannot count.
   */
  static open(program: string | undefined, events: readonly string[], cgroup: string): Perf {
    if (program === undefined) {
      throw new ContainerizerError(
        '--perf_events needs the program perf (Debian: package linux-perf), which is not in PATH',
      );
    }
    const version = tried(program, ['--version']);
    if (version.complaint !== undefined) {
      throw new ContainerizerError(`The program '${program}' does not work: ${version.complaint}`);
    }
    const faults = events.flatMap((event) => {
      const why = faultOf(program, event, cgroup);
      return why === undefined ? [] : [`${event} (${why})`];
    });
    if (faults.length > 0) {
      throw new ContainerizerError(
        `--perf_events: this machine cannot count ${faults.join(', ')}: \`perf list\` says what it can`,
      );
    }
    return new Perf(program, events);
  }

  /** Rejects with an Error, also when aborted. */
  async sample({ cgroups, durationMs, abort }: PerfSample): Promise<PerfCounts> {
    abort.throwIfAborted();
    const figures = new Map(cgroups.map((cgroup): [string, PerfFigures] => [cgroup, {}]));
    const counted = cgroups.flatMap((cgroup) => countedIn(cgroup, this.#events));
    const child = spawn(this.#program, [...STAT, ...counted, '--', ...COMMAND], {
      cwd: '/',
      env: ENVIRONMENT,
      // A process group, so that none of the two is left.
      detached: true,
    });
    const kill = () => killGroup(child.pid);
    const patience = setTimeout(kill, timerDelay(durationMs + 2 * PATIENCE_MS));
    let timer: NodeJS.Timeout | undefined;
    let startMs = 0;
    let endMs = 0;
    const begin = () => {
      startMs = performance.now();
      timer = setTimeout(() => {
        endMs = performance.now();
        child.stdin.end();
      }, timerDelay(durationMs));
    };
    abort.addEventListener('abort', kill, { once: true });
    let complaint = '';
    let unread: string | undefined;
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, MAX_COMPLAINT);
    });
    createInterface(child.stdout).on('line', (line) => {
      if (line === BEGUN) {
        begin();
      } else if (!readPerfLine(line, figures)) {
        unread ??= line;
      }
    });
    const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(faultAt(code, signal, complaint)));
    try {
      const fault = await promise;
      abort.throwIfAborted();
      if (fault !== undefined || unread !== undefined) {
        throw new Error(fault ?? `it writes '${unread?.slice(0, MAX_COMPLAINT)}'`);
      }
      if (endMs === 0) {
        throw new Error('it ended too early');
      }
      return { figures, durationMs: Math.round(endMs - startMs) };
    } finally {
      clearTimeout(timer);
      clearTimeout(patience);
      abort.removeEventListener('abort', kill);
    }
  }
}

/** Says that counting has begun, which lasts until its input ends: with the agent at the latest. */
const BEGUN = 'begun';
const COMMAND = ['sh', '-c', `echo ${BEGUN}; exec cat`];
const STAT = ['stat', '--all-cpus', '--field-separator', ',', '--log-fd', '1'];

/** The list of cgroups has one for each event. */
const countedIn = (cgroup: string, events: readonly string[]) => [
  ...['--event', events.join(',')],
  ...['--cgroup', events.map(() => cgroup).join(',')],
];

/** Why an event cannot be counted. */
function faultOf(program: string, event: string, cgroup: string): string | undefined {
  const { text, complaint } = tried(program, [
    ...STAT,
    ...countedIn(cgroup, [event]),
    ...['--', 'true'],
  ]);
  if (complaint !== undefined) {
    return complaint;
  }
  const figures: PerfFigures = {};
  const byCgroup = new Map([[cgroup, figures]]);
  const unread = text.split('\n').find((line) => line !== '' && !readPerfLine(line, byCgroup));
  if (unread !== undefined) {
    return `perf writes '${unread.slice(0, MAX_COMPLAINT)}'`;
  }
  const figure = figureOf(event);
  return figure !== undefined && figures[figure] !== undefined ? undefined : 'not supported';
}

/** Only at the agent's start, when nothing waits. */
function tried(
  program: string,
  argv: readonly string[],
): { readonly text: string; readonly complaint: string | undefined } {
  const { error, status, signal, stdout, stderr } = spawnSync(program, argv, {
    cwd: '/',
    env: ENVIRONMENT,
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { text: stdout ?? '', complaint: error?.message ?? faultAt(status, signal, stderr) };
}

/** Lines of complaints that do not say what is wrong. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(['', 'Error:']);

function faultAt(
  status: number | null,
  signal: string | null,
  complaint: string,
): string | undefined {
  if (status === 0) {
    return undefined;
  }
  const [line] = complaint.split('\n').filter((it) => !EMPTY_WORDS.has(it.trim()));
  return line?.trim().slice(0, MAX_COMPLAINT) ?? `it ended with ${signal ?? `status ${status}`}`;
}
