// mesos-ps: what runs, and what it takes, in the columns of Mesos's script.
import type {
  MasterResponse_GetAgents_Agent as Agent,
  Task,
} from '../../model/generated/messages.ts';
import { plainName } from '../../webui/words/names.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { ReachedAgent } from '../operate/connection/agents.ts';
import { Cluster } from '../operate/connection/cluster.ts';
import { tasksOf } from '../operate/connection/tasks.ts';
import { agentId, agentsOf, frameworkId, frameworksOf } from '../operate/connection/things.ts';
import { CommandError } from '../operate/outcome.ts';
import { printable } from '../operate/output/printable.ts';
import type { PS_FLAGS } from './flags.ts';
import { connectionOf } from './script.ts';
import { type Used, usedIn } from './used.ts';

/** Titles, and how many blanks each has behind it: cells are as wide as both. */
const COLUMNS = [
  ['USER', 4],
  ['FRAMEWORK', 4],
  ['TASK', 6],
  ['SLAVE', 14],
  ['MEM', 16],
  ['TIME', 14],
  ['CPU (allocated)', 0],
] as const;

/** Agents that are asked at a time. */
const AT_ONCE = 32;

export async function runPs({ values }: ParsedFlags<typeof PS_FLAGS>): Promise<void> {
  const connection = connectionOf(values, values.timeout * 1000);
  const cluster = await Cluster.of(connection);
  const [{ live }, agents, frameworks] = await Promise.all([
    tasksOf(cluster),
    agentsOf(cluster),
    frameworksOf(cluster),
  ]);
  const infos = new Map(frameworks.map((each) => [frameworkId(each), each.framework_info]));
  const tasks = Map.groupBy(live, ({ agent_id }) => agent_id.value);
  const busy = agents.filter((agent) => tasks.has(agentId(agent)));
  process.stdout.write(
    `${COLUMNS.map(([title, padding]) => title + ' '.repeat(padding)).join('')}\n`,
  );
  const show = async (agent: Agent) => {
    const used = await statisticsOf(new ReachedAgent(cluster, agent, connection), values.verbose);
    const lines = (tasks.get(agentId(agent)) ?? []).map((task) => {
      const { user = '', name = '' } = infos.get(task.framework_id.value) ?? {};
      const cells = [user, name, task.name, agent.agent_info.hostname];
      return `${[...cells, ...figuresOf(task, used)].map(cell).join('')}\n`;
    });
    process.stdout.write(lines.join(''));
  };
  const left = busy.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const agent of left) {
        await show(agent);
      }
    }),
  );
}

/** None where the agent does not answer. */
async function statisticsOf(
  agent: ReachedAgent,
  isVerbose: boolean,
): Promise<ReadonlyMap<string, Used>> {
  try {
    return usedIn(await agent.get('/monitor/statistics'));
  } catch (error) {
    if (!(error instanceof CommandError)) {
      throw error;
    }
    if (isVerbose) {
      process.stderr.write(`${printable(error.message)}\n`);
    }
    return new Map();
  }
}

function figuresOf(
  { framework_id, executor_id, task_id }: Task,
  used: ReadonlyMap<string, Used>,
): readonly string[] {
  const key = `${framework_id.value} ${executor_id?.value || task_id.value}`;
  const statistics = used.get(key) ?? {};
  const { cpus_soft_limit, cpus_limit = cpus_soft_limit } = statistics;
  const { cpus_user_time_secs, cpus_system_time_secs } = statistics;
  const { mem_rss_bytes, mem_limit_bytes } = statistics;
  const hasMem = mem_rss_bytes !== undefined && mem_limit_bytes !== undefined;
  const hasTime = cpus_user_time_secs !== undefined && cpus_system_time_secs !== undefined;
  return [
    hasMem ? `${sizeText(mem_rss_bytes)}/${sizeText(mem_limit_bytes)}` : '',
    hasTime ? timeText(cpus_user_time_secs + cpus_system_time_secs) : '',
    cpus_limit === undefined ? '' : decimalText(cpus_limit),
  ];
}

const UNITS = ['B', 'KB', 'MB', 'GB'];

function sizeText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** unit).toFixed(1)} ${UNITS[unit]}`;
}

/** Within a day: `00:00:12.340000`. */
const timeText = (seconds: number): string =>
  `${new Date((seconds % 86_400) * 1000).toISOString().slice(11, 23)}000`;

/** As Python writes it. */
const decimalText = (value: number) => (Number.isInteger(value) ? `${value}.0` : String(value));

function cell(text: string, column: number): string {
  const [title, padding] = COLUMNS[column] ?? ['', 0];
  const width = title.length + padding;
  const plain = plainName(text);
  return plain.length < width ? plain.padEnd(width) : `${plain.slice(0, width - 4)}... `;
}
