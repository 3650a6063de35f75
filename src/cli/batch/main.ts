// `mesoscale batch FILE`: runs the tasks of a file as one framework. It can be interrupted and run
// again.
import { basename, relative } from 'node:path';
import { createCore } from '../../core/core.ts';
import type { Fitness } from '../../core/matcher.ts';
import type { FrameworkInfo } from '../../model/generated/messages.ts';
import { loadCore } from '../../runtime/load-core.ts';
import { findLeader } from '../command-master.ts';
import { fail } from '../failure.ts';
import { FlagError, MissingFlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import {
  capabilitiesOf,
  credentialOf,
  currentUser,
  refusal,
} from '../framework/framework-session.ts';
import { readMasterFlag } from '../master-flag.ts';
import { clientCarriers } from '../process/carriers.ts';
import { folderHolder } from '../process/folder-lock.ts';
import { whenReaderIsGone } from '../process/output-errors.ts';
import { writableFolder } from '../process/writable-folder.ts';
import { readTextFile, whyUnreadable } from '../text-file.ts';
import { parseConstraints } from './constraints.ts';
import type { BATCH_FLAGS } from './flags.ts';
import { Journal } from './journal.ts';
import { openProgress } from './progress.ts';
import { BatchRunner, type Outcome } from './runner.ts';
import { printSummary } from './summary.ts';
import { type BatchTask, linesOfTasks, readTaskFile } from './task-file.ts';

const NAME = 'batch';
/** Enough for millions of tasks. */
const LARGEST_FILE_BYTES = 2 ** 28;

type BatchFlags = FlagValues<typeof BATCH_FLAGS>;

/**
 * The settings in flags and file. Throws one FlagError about everything that is wrong or missing.
 */
async function settings({ values, rest, faults }: ParsedFlags<typeof BATCH_FLAGS>) {
  const place = await faults.readLater(() => readMasterFlag(values.master));
  const credential = faults.dependent('principal', () =>
    credentialOf(values.principal, values.secret),
  );
  const carriers = await faults.readLater(() =>
    clientCarriers(values, process.env, { name: 'master', text: values.master }),
  );
  const constraints = (values.constraint ?? []).flatMap(parseConstraints);
  const tasks = faults.read(() => {
    const [file] = rest;
    if (file === undefined) {
      throw new MissingFlagError('name the file of the tasks: mesoscale batch FILE');
    }
    const { cpus, mem, retries, role } = values;
    const defaults = { cpus, mem, retries, role, constraints };
    const name = values.name ?? basename(file);
    const text = named(file, () => readFile(file));
    return {
      file,
      name,
      tasks: named(file, () => readTaskFile(text, defaults)),
      lines: () => linesOfTasks(text),
    };
  });
  const framework = faults.read(() => frameworkOf(tasks.value.name, tasks.value.tasks, values));
  faults.end();
  return {
    place: place.value,
    credential: credential.value,
    carriers: carriers.value,
    framework: framework.value,
    ...tasks.value,
  };
}

export async function runBatch(parsed: ParsedFlags<typeof BATCH_FLAGS>): Promise<void> {
  const { values } = parsed;
  const { place, credential, carriers, framework, file, name, tasks, lines } =
    await settings(parsed);
  const folder = writableFolder('results', values.results ?? `${file}.results`);
  const holder = folderHolder(folder);
  if (holder !== undefined) {
    throw new FlagError(
      `${folder} is in use by ${holder}: wait for its end, or choose another folder with --results=…`,
    );
  }
  const journal = new Journal(folder, tasks, {
    rerunFailed: values.rerun_failed,
    file,
    lines,
  });
  const core = createCore(await loadCore());
  const fitness: Fitness = { type: values.placement === 'pack' ? 'binPack' : 'spread' };
  const progress = openProgress(process.stdout);
  const master = await findLeader(place, carriers, (text) => progress.say(text));
  const runner = new BatchRunner({
    master,
    framework,
    credential,
    dialer: carriers.dialer,
    tasks,
    journal,
    progress,
    maxRunning: values.max_running,
    place: (request) => core.matcher.match({ ...request, fitness }),
    quantities: (resources) => core.algebra.quantities(resources),
  });
  const before = runner.counts;
  progress.say(headline(name, before));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => runner.interrupt());
  }
  whenReaderIsGone(() => runner.interrupt());
  const startedMs = performance.now();
  const outcome = await runner.run();
  progress.end();
  journal.close();
  report(outcome, runner, {
    journal,
    seconds: (performance.now() - startedMs) / 1000,
    doneBefore: before.succeeded + before.failed,
  });
}

function headline(name: string, counts: { total: number; succeeded: number; failed: number }) {
  const done = counts.succeeded + counts.failed;
  return `${name}: ${counts.total} ${counts.total === 1 ? 'task' : 'tasks'}${done > 0 ? `, ${done} of them done before` : ''}`;
}

function report(
  outcome: Outcome,
  runner: BatchRunner,
  run: { readonly journal: Journal; readonly seconds: number; readonly doneBefore: number },
): void {
  const folder = relative(process.cwd(), run.journal.folder) || '.';
  switch (outcome.type) {
    case 'refused':
      fail(NAME, refusal(outcome.message));
      break;
    case 'failed over':
      fail(NAME, 'another program has taken this batch over: the master listens to it alone now');
      break;
    case 'interrupted': {
      const { succeeded, failed, total, running, starting } = runner.counts;
      const unseen = starting > 0 ? `, ${starting} started but not seen running yet` : '';
      console.log(
        `\nInterrupted: ${succeeded + failed} of ${total} done, ${running} still running${unseen}. ` +
          'The same command goes on from here.',
      );
      process.exit(130);
      break;
    }
    case 'done':
      printSummary({
        counts: runner.counts,
        results: [...run.journal.results.values()],
        folder,
        seconds: run.seconds,
        doneBefore: run.doneBefore,
      });
      process.exit(runner.counts.failed > 0 ? 1 : 0);
  }
}

function frameworkOf(name: string, tasks: readonly BatchTask[], values: BatchFlags): FrameworkInfo {
  const needsGpus = tasks.some(({ gpus }) => gpus > 0);
  return {
    user: values.user ?? currentUser(),
    name,
    roles: [...new Set(tasks.map(({ role }) => role))],
    checkpoint: true,
    failover_timeout: values.failover_timeout / 1000,
    capabilities: capabilitiesOf([
      'MULTI_ROLE',
      'RESERVATION_REFINEMENT',
      ...(needsGpus ? ['GPU_RESOURCES'] : []),
      ...(values.framework_capabilities ?? []),
    ]),
    ...(values.principal === undefined ? {} : { principal: values.principal }),
  };
}

function readFile(file: string): string {
  try {
    return readTextFile(file, LARGEST_FILE_BYTES);
  } catch (error) {
    throw new FlagError(`cannot be read (${whyUnreadable(error)})`);
  }
}

/** Adds the file's name to an error about it. */
function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FlagError) {
      throw new FlagError(error.message.replaceAll(/^/gm, `${file}: `), { cause: error });
    }
    throw error;
  }
}
