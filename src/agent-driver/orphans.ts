// Containers on record that the checkpoint does not know: what an agent left that was killed
// between two writes, or the sign that the checkpoint has lost what it knew.
import { setTimeout as delay } from 'node:timers/promises';
import { damageError } from '../checkpoint/database.ts';
import type { Containerizer } from '../containerizer/containerizer.ts';
import type { RunRecords, SupervisorRecord } from '../containerizer/records/run-records.ts';
import { rootOf } from '../model/container-id.ts';
import type { ContainerId } from '../model/ids.ts';

export interface OrphansOptions {
  readonly records: RunRecords;
  readonly containerizer: Containerizer;
  /** Path of the checkpoint. */
  readonly database: string;
  readonly known: ReadonlySet<string>;
  /** The checkpoint was emptied on purpose, to end what it knew. */
  readonly isForgetting: boolean;
  /** Whether it is an error that there are some that run. */
  readonly isStrict: boolean;
  readonly log: (level: 'warn' | 'error', text: string) => void;
}

/** One that is bound to its agent takes a moment to end after it. */
const ENDING_MS = 1_000;
/** So many are named in one message. */
const MAX_NAMED = 10;

/**
 * Ends them, with their records; returns how many ran that should have been known. Throws
 * CheckpointError for these, without touching any, where that is an error.
 */
export async function endOrphans(options: OrphansOptions): Promise<number> {
  const { records, containerizer, database, known, isForgetting, isStrict, log } = options;
  for (const { pid, container } of records.strays()) {
    log(
      'warn',
      `Process ${pid} supervises container ${container}, of which there is no record any more: it is not counted; kill -USR1 ${pid} ends it`,
    );
  }
  const orphans = records.all().filter((container) => !known.has(rootOf(container)));
  let lost = isForgetting ? [] : orphans.flatMap((id) => running(records, id) ?? []);
  if (lost.length > 0) {
    await delay(ENDING_MS);
    lost = lost.flatMap(({ id }) => running(records, id) ?? []);
  }
  if (isStrict && lost.length > 0) {
    const named = lost
      .slice(0, MAX_NAMED)
      .map(({ id, record }) => `${id} (kill -USR1 ${record.supervisor.pid} ends it)`)
      .join(', ');
    const more = lost.length > MAX_NAMED ? ` and ${lost.length - MAX_NAMED} more` : '';
    throw damageError(`'${database}' does not know containers that run: ${named}${more}`, database);
  }
  for (const { id, record } of lost) {
    log(
      'error',
      `Killing container ${id} (process ${record.process.pid}), which the checkpoint does not know`,
    );
  }
  const roots = orphans.filter((container) => rootOf(container) === container);
  await Promise.all(roots.map((container) => containerizer.destroyOrphan(container)));
  return lost.length;
}

function running(
  records: RunRecords,
  id: ContainerId,
): { readonly id: ContainerId; readonly record: SupervisorRecord } | undefined {
  const record = records.claim(id);
  return record !== undefined && record.isBound !== true && records.alive(record)
    ? { id, record }
    : undefined;
}
