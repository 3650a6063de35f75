// `mesoscale local`: a whole cluster on this machine. Each program is a process of its own, so that
// each can be killed and is restarted. State is kept in one folder, where the next start finds it.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { counted } from '../counted.ts';
import { fail } from '../failure.ts';
import { FlagError } from '../flags/faults.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { painted, screenOf } from '../operate/output/screen.ts';
import { serverCarriers } from '../process/carriers.ts';
import { endWithParent } from '../process/parent.ts';
import { checkedIp } from '../process/published-address.ts';
import { writableFolder } from '../process/writable-folder.ts';
import { PACKAGE_VERSION } from '../version.ts';
import type { LOCAL_FLAGS } from './flags.ts';
import { LocalCluster, type LocalFlags, type Summary } from './local-cluster.ts';

const NAME = 'local';
/** Of a checkout. */
const EXAMPLE = 'examples/checksums.csv';

export async function runLocal(parsed: ParsedFlags<typeof LOCAL_FLAGS>): Promise<void> {
  const { values } = parsed;
  const { folder, cluster, isFirst } = await settings(parsed);
  const isStopping = stopOnSignals(cluster);
  try {
    await cluster.start();
  } catch (error) {
    if (isStopping()) {
      return;
    }
    await cluster.stop();
    fail(NAME, (error as Error).message);
  }
  const summary = await cluster.summary();
  if (!isStopping()) {
    welcome(values, { folder, isFirst, cluster, summary });
  }
}

/** Throws one FlagError about all faults. */
async function settings({ values, faults }: ParsedFlags<typeof LOCAL_FLAGS>) {
  faults.read(() => checkedIp('ip', values.ip));
  const folder = faults.dependent('work_dir', () => writableFolder('work_dir', values.work_dir));
  const carriers = await faults.readLater(() => serverCarriers(values, process.env));
  const cluster = faults.read(() => new LocalCluster(values, folder.value, carriers.value));
  faults.read(() => checkPorts(values, cluster.value));
  faults.end();
  const isFirst = cluster.value.masters.every(({ name }) => !existsSync(join(folder.value, name)));
  return { folder: folder.value, cluster: cluster.value, isFirst };
}

function checkPorts({ agent_port, port }: LocalFlags, { agentPorts, masters }: LocalCluster): void {
  const first = agentPorts[0] ?? 0;
  const last = agentPorts.at(-1) ?? first;
  const lastOfMasters = masters.at(-1)?.port ?? port;
  if (lastOfMasters > 65_535) {
    throw new FlagError(`--port leaves too few ports for ${masters.length} masters, got ${port}`);
  }
  if (last > 65_535) {
    const given = agent_port === undefined ? '--port leaves' : '--agent_port leaves';
    throw new FlagError(
      `${given} too few ports for ${agentPorts.length} agents, got ${agent_port ?? port}`,
    );
  }
  const taken = masters.find((master) => agentPorts.includes(master.port));
  if (taken !== undefined) {
    throw new FlagError(
      `--port expects a port that no agent has (${first} to ${last}), got ${taken.port}`,
    );
  }
}

/**
 * One request to stop may arrive as several signals: from the terminal to the whole process group,
 * and from npm to its child once more. Two requests of a person are further apart.
 */
const SAME_WISH_MS = 1_000;
/** How long a master that is about to stop may take to say what runs. */
const SUMMARY_MS = 2_000;

/**
 * The first signal stops everything in order, a second one at once. The returned function tells
 * whether that has begun.
 */
function stopOnSignals(cluster: LocalCluster): () => boolean {
  let askedMs: number | undefined;
  let isHurried = false;
  const stop = async () => {
    askedMs = performance.now();
    console.log('\nStopping.');
    const running = await runningTasks(cluster);
    await cluster.stop();
    if (running > 0) {
      console.log(
        running === 1
          ? '1 task keeps running; the next start finds it if it was checkpointed.'
          : `${running} tasks keep running; the next start finds those that were checkpointed.`,
      );
    }
    process.exit(isHurried ? 130 : 0);
  };
  const signalled = () => {
    if (askedMs === undefined) {
      void stop();
    } else if (performance.now() - askedMs > SAME_WISH_MS) {
      isHurried = true;
      cluster.kill();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, signalled);
  }
  // The starter may end while this process stops: that is no second request.
  endWithParent(() => askedMs ?? void stop());
  process.on('exit', () => cluster.abandon());
  return () => askedMs !== undefined;
}

async function runningTasks(cluster: LocalCluster): Promise<number> {
  const late = new Promise<undefined>((resolve) => {
    setTimeout(resolve, SUMMARY_MS, undefined).unref();
  });
  const summary = await Promise.race([cluster.summary().catch(() => undefined), late]);
  return (summary?.slaves ?? []).reduce((sum, { TASK_RUNNING }) => sum + TASK_RUNNING, 0);
}

interface Started {
  readonly folder: string;
  readonly isFirst: boolean;
  readonly cluster: LocalCluster;
  readonly summary: Summary;
}

function welcome(values: LocalFlags, { folder, isFirst, cluster, summary }: Started): void {
  const near = relative(process.cwd(), folder) || '.';
  const shown = near.startsWith('..') ? folder : near;
  const scheme = values.ssl_enabled ? 'https' : 'http';
  const isAlone = values.zk === undefined;
  const master = `${values.ssl_enabled && isAlone ? 'https://' : ''}${cluster.masterFlag}`;
  const first = cluster.masters[0]?.name ?? '';
  const comesBack = isAlone ? 'comes back' : 'comes back; if it led, another one does meanwhile';
  const screen = screenOf(process.stdout, process.env);
  const emphasis = (text: string) => painted(screen, 'emphasis', text);
  const rows = [
    ...cluster.masters.map(
      ({ port }) => `  master   ${emphasis(`${scheme}://${values.ip}:${port}`)}`,
    ),
    ...cluster.agentPorts.map(
      (port) => `  agent    ${emphasis(`${scheme}://${values.ip}:${port}`)}`,
    ),
  ];
  // As it can be typed here: a package has put it on the PATH, and has no examples.
  const program = existsSync('bin/mesoscale') ? 'bin/mesoscale' : 'mesoscale';
  const isDefault = master === '127.0.0.1:5050';
  const execute = isDefault ? '' : ` --master=${master}`;
  console.log(`
Mesoscale ${PACKAGE_VERSION} is running.

${rows.join('\n')}
  state    ${shown}/${isFirst ? '' : `  (found that of an earlier run, ${counted(summary.frameworks.length, 'framework')})`}
  logs     ${shown}/log/
${cluster.keptAgents.map((number) => `\nAgent ${number} runs as well, for the sake of the tasks that an earlier run has left on it.\n`).join('')}
Try:
  ${emphasis(`${program} execute --master=${master} --name=hello --command='echo hello'`)}
${existsSync(EXAMPLE) ? `  ${emphasis(`${program} batch${execute} ${EXAMPLE}`)}\n` : ''}\
  ${emphasis(`kill -9 $(cat ${shown}/${first}.pid)`)}   (the master ${comesBack}; tasks keep running)

Ctrl-C stops it.`);
}
