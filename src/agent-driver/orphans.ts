// Orphans: containers with records that the checkpoint does not know. Either an earlier agent was
// killed between two writes, or the checkpoint has lost data.
import { setTimeout as delay } from 'node:timers/promises';
import { damageError } from '../checkpoint/database.ts';
import type { Containerizer } from '../containerizer/containerizer.ts';
import type { RunRecords, SupervisorRecord } from '../containerizer/records/run-records.ts';
import { standsAlone } from '../containerizer/recovery.ts';
import { rootOf } from '../model/container-id.ts';
import type { ContainerId } from '../model/ids.ts';

export interface OrphansOptions {
  readonly records: RunRecords;
  /** The containers that have records, each after those nested in it. */
  readonly recorded: readonly ContainerId[];
  readonly containerizer: Containerizer;
  /** Path of the checkpoint. */
  readonly database: string;
  readonly known: ReadonlySet<string>;
  /** The checkpoint was emptied on purpose, so that everything it knew ends. */
  readonly isForgetting: boolean;
  /** Whether a running orphan is an error. */
  readonly isStrict: boolean;
  readonly log: (level: 'warn' | 'error', text: string) => void;
}

/** A container that is bound to its agent needs a moment to end after the agent. */
const ENDING_MS = 1_000;
/** The most orphans that an error names. */
const MAX_NAMED = 10;

/**
 * Destroys orphans and their records. Returns how many of them were running and should have been in
 * the checkpoint. Where such orphans are an error it throws CheckpointError instead, and touches
 * none.
 */
export async function endOrphans(options: OrphansOptions): Promise<number> {
  const { records, recorded, containerizer, database, known, isForgetting, isStrict, log } =
    options;
  for (const { pid, container } of await records.strays(recorded)) {
    log(
      'warn',
      `Process ${pid} supervises container ${container}, of which there is no record any more: it is not counted; kill -USR1 ${pid} ends it`,
    );
  }
  // Those that stand alone are known by their records, and go on.
  const orphans = recorded.filter((id) => !known.has(rootOf(id)) && !standsAlone(records, id));
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
