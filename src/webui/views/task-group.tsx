// What else runs in a task's executor: the tasks of its group or of a framework's own executor, and
// the containers that are nested there, such as those of terminals.
import type { ContainerID } from '../../model/generated/messages.ts';
import { isTerminal } from '../../model/task-state.ts';
import { StateBadge } from '../components/badge.tsx';
import { Name } from '../components/name.tsx';
import { useReading } from '../components/reading.ts';
import { href } from '../locations/location.ts';
import type { Cluster } from '../store/cluster.ts';
import type { TaskRow } from '../store/rows.ts';
import type { Seen } from '../store/shapes.ts';
import { agentCall } from '../stream/requests.ts';
import { amountText, countText } from '../words/amounts.ts';
import { containerOf, containerPath } from '../words/terminals.ts';

const EVERY_MS = 10_000;
/** More are counted, not named. */
const MAX_SHOWN = 20;

interface GroupProps {
  readonly cluster: Cluster;
  readonly row: TaskRow;
}

export function TaskGroup({ cluster, row }: GroupProps) {
  return row.executorId === row.id || isTerminal(row.state) ? null : (
    <Group key={`${row.frameworkId}/${row.id}`} cluster={cluster} row={row} />
  );
}

interface Container {
  readonly container_id: Seen<ContainerID>;
  readonly container_status?: { readonly container_id?: Seen<ContainerID> };
  readonly resource_statistics?: {
    readonly mem_rss_bytes?: number;
    readonly mem_limit_bytes?: number;
    readonly cpus_limit?: number;
    readonly cpus_soft_limit?: number;
  };
}

function Group({ cluster, row }: GroupProps) {
  const own = containerOf(row.details());
  const root = own?.split('.')[0];
  const { value: containers = [] } = useReading(
    `${row.agentId} ${root}`,
    EVERY_MS,
    async (signal) => {
      const get_containers = { show_nested: true };
      const body = { get_containers };
      const answer = await agentCall<{ containers?: readonly Container[] }>(
        ...([row.agentId, 'GET_CONTAINERS', body, signal] as const),
      );
      return (answer.containers ?? [])
        .map((each) => ({
          ...each,
          path: containerPath(each.container_status?.container_id ?? {}),
        }))
        .filter(({ path }) => path.startsWith(`${root}.`));
    },
  );
  const tasks = [...(cluster.frameworks.get(row.frameworkId)?.tasks.values() ?? [])].filter(
    ({ executorId, agentId, state }) =>
      executorId === row.executorId && agentId === row.agentId && !isTerminal(state),
  );
  const byContainer = new Map(tasks.map((task) => [containerOf(task.details()), task]));
  const others = containers.filter(({ path }) => !byContainer.has(path));
  const rows = [
    ...tasks.map((task) => ({ task, path: containerOf(task.details()) })),
    ...others.map(({ path }) => ({ task: undefined, path })),
  ];
  return (
    <section class="panel">
      <h2>Together with it</h2>
      <ul class="group">
        {rows.slice(0, MAX_SHOWN).map(({ task, path = '' }) => (
          <li key={task?.id ?? path}>
            {task === undefined ? (
              <span>
                A container beside{' '}
                <Name
                  text={byContainer.get(path.slice(0, path.lastIndexOf('.')))?.name ?? 'them'}
                />
              </span>
            ) : (
              <a
                href={href(['tasks', task.frameworkId, task.id])}
                aria-current={task === row ? 'true' : undefined}
              >
                <Name text={task.name || task.id} />
              </a>
            )}
            {task === undefined ? null : <StateBadge state={task.state} />}
            <span class="quiet">{useWords(containers.find((each) => each.path === path))}</span>
            <span class="quiet fixed group-id">{path.slice(path.lastIndexOf('.') + 1)}</span>
          </li>
        ))}
      </ul>
      {rows.length > MAX_SHOWN ? (
        <p class="quiet">and {countText(rows.length - MAX_SHOWN)} more</p>
      ) : null}
    </section>
  );
}

/** Without cgroups of its own a container is measured with its executor only. */
function useWords(container: Container | undefined): string {
  const { mem_rss_bytes, mem_limit_bytes, cpus_limit, cpus_soft_limit } =
    container?.resource_statistics ?? {};
  const cpus = cpus_limit ?? cpus_soft_limit;
  const inBytes = (bytes: number) => amountText('mem', bytes / 2 ** 20);
  return [
    ...(cpus === undefined ? [] : [`${amountText('cpus', cpus)} CPUs`]),
    ...(mem_rss_bytes === undefined ? [] : [`${inBytes(mem_rss_bytes)} used`]),
    ...(mem_limit_bytes === undefined ? [] : [`${inBytes(mem_limit_bytes)} memory`]),
  ].join(', ');
}
