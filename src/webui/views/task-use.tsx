// What a task's container takes now, as its agent measures it.

import { isTerminal } from '../../model/task-state.ts';
import { Fact, Facts } from '../components/facts.tsx';
import { useReading } from '../components/reading.ts';
import type { TaskRow } from '../store/rows.ts';
import { request } from '../stream/requests.ts';
import { amountText } from '../words/amounts.ts';

const EVERY_MS = 4000;

interface Statistics {
  readonly timestamp: number;
  readonly cpus_limit?: number;
  readonly cpus_soft_limit?: number;
  readonly cpus_user_time_secs?: number;
  readonly cpus_system_time_secs?: number;
  readonly mem_rss_bytes?: number;
  readonly mem_limit_bytes?: number;
  readonly disk_used_bytes?: number;
  readonly disk_limit_bytes?: number;
}

interface Container {
  readonly executor_id: string;
  readonly framework_id: string;
  readonly statistics?: Statistics;
}

interface Use {
  readonly now: Statistics;
  /** CPUs since the reading before; undefined after the first. */
  readonly cpus: number | undefined;
}

const busySecs = ({ cpus_user_time_secs = 0, cpus_system_time_secs = 0 }: Statistics) =>
  cpus_user_time_secs + cpus_system_time_secs;

/** Reads again and again, and compares each with the one before. */
function reader({ agentId, frameworkId, executorId }: TaskRow) {
  let before: Statistics | undefined;
  return async (signal: AbortSignal): Promise<Use | undefined> => {
    const query = new URLSearchParams({ framework_id: frameworkId, executor_id: executorId });
    const path = `/agent/${encodeURIComponent(agentId)}/containers?${query}`;
    const containers = (await (await request(path, { signal })).json()) as readonly Container[];
    const now = containers.find(
      (each) => each.framework_id === frameworkId && each.executor_id === executorId,
    )?.statistics;
    if (now === undefined) {
      return undefined;
    }
    const cpus =
      before === undefined ||
      now.timestamp <= before.timestamp ||
      now.cpus_user_time_secs === undefined
        ? undefined
        : (busySecs(now) - busySecs(before)) / (now.timestamp - before.timestamp);
    before = now;
    return { now, cpus };
  };
}

export function TaskUse({ row }: { row: TaskRow }) {
  return isTerminal(row.state) ? null : <LiveUse key={`${row.frameworkId}/${row.id}`} row={row} />;
}

function LiveUse({ row }: { row: TaskRow }) {
  const { value: use } = useReading(`${row.agentId} ${row.executorId}`, EVERY_MS, reader(row));
  if (use === undefined) {
    return null;
  }
  const { now, cpus } = use;
  const limit = now.cpus_limit ?? now.cpus_soft_limit;
  const of = (used: number | undefined, most: number | undefined) =>
    used === undefined
      ? null
      : `${inBytes(used)}${most === undefined ? '' : ` of ${inBytes(most)}`}`;
  return (
    <section class="panel">
      <h2>In use now</h2>
      <Facts>
        <Fact name="CPUs">
          {cpus === undefined
            ? now.cpus_user_time_secs === undefined
              ? null
              : '…'
            : `${cpus.toFixed(2)}${limit === undefined ? '' : ` of ${amountText('cpus', limit)}`}`}
        </Fact>
        <Fact name="Memory">{of(now.mem_rss_bytes, now.mem_limit_bytes)}</Fact>
        <Fact name="Disk">{of(now.disk_used_bytes, now.disk_limit_bytes)}</Fact>
      </Facts>
      <p class="quiet">
        {isMeasured(now)
          ? `With its executor${row.executorId === row.id ? '' : ' and what else that runs'}, as its agent measures it.`
          : 'Its agent measures nothing of it, by the isolators that it was started with.'}
      </p>
    </section>
  );
}

const isMeasured = (now: Statistics) =>
  [now.cpus_user_time_secs, now.mem_rss_bytes, now.disk_used_bytes].some(
    (each) => each !== undefined,
  );

const inBytes = (bytes: number) => amountText('mem', bytes / 2 ** 20);
