// What an earlier agent has left: its checkpoint, and the containers that go on with it. Those that
// the checkpoint does not know end first.
import type { AgentCheckpoint, BuiltinExecutor } from '../agent/checkpoint.ts';
import { type CheckpointRows, damageError } from '../checkpoint/database.ts';
import { bootOf, checkpointOf, gapsIn, isForgetting, type RunState } from '../checkpoint/store.ts';
import type { Containerizer } from '../containerizer/containerizer.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import { Turns } from '../containerizer/turns.ts';
import { rootOf } from '../model/container-id.ts';
import type { ContainerId } from '../model/ids.ts';
import { endOrphans } from './orphans.ts';

export interface RecoveryOptions {
  readonly rows: CheckpointRows;
  /** How much of the checkpoint's file could not be read. */
  readonly damages: number;
  /** Path of the checkpoint. */
  readonly database: string;
  readonly records: RunRecords;
  /** The containers that have records. */
  readonly recorded: readonly ContainerId[];
  readonly containerizer: Containerizer;
  /** Of the machine as it runs now. */
  readonly bootId: string;
  /** Whether state that cannot be recovered is an error. */
  readonly isStrict: boolean;
  readonly log: (level: 'warn' | 'error', text: string) => void;
}

/**
 * Reads the checkpoint. Rejects with CheckpointError where the presence of containers that it does
 * not know shows that it lost data.
 */
export async function recoverCheckpoint(options: RecoveryOptions): Promise<AgentCheckpoint> {
  const { rows, database, recorded, containerizer, bootId, isStrict, log } = options;
  const lastBoot = bootOf(rows);
  const gaps = gapsIn(rows);
  for (const gap of gaps) {
    if (isStrict) {
      throw damageError(`in '${database}' ${gap}`, database);
    }
    log('error', `Going on without what is lost: in the checkpoint ${gap}`);
  }
  const turns = new Turns();
  const found = await checkpointOf(
    rows,
    (id, builtin) => stateOf(containerizer, id, builtin),
    (read) => turns.run(read),
  );
  // A framework cannot go on without the agent's id.
  const checkpoint = found.agent === undefined ? { ...found, frameworks: [] } : found;
  const executors = executorsOf(checkpoint);
  const known = new Set<ContainerId>(executors.map(({ containerId }) => containerId));
  const killed = await endOrphans({
    ...options,
    known,
    isForgetting: isForgetting(rows),
  });
  const ended = executors.filter(({ alive }) => !alive);
  await Promise.all(ended.map(({ containerId }) => containerizer.destroyNested(containerId)));
  await containerizer.recoverAlone(recorded.filter((id) => !known.has(rootOf(id))));
  return {
    ...checkpoint,
    rebooted: lastBoot !== undefined && lastBoot !== bootId,
    errors: options.damages + gaps.length + killed,
  };
}

export const executorsOf = ({ frameworks }: Pick<AgentCheckpoint, 'frameworks'>) =>
  frameworks.flatMap(({ executors }) => executors);

/**
 * A built-in executor counts as alive until it has reported the end of its task, even if the task's
 * process has ended.
 */
function stateOf(
  containerizer: Containerizer,
  container: ContainerId,
  builtin: BuiltinExecutor | undefined,
): RunState {
  if (builtin === 'default') {
    return {
      alive: containerizer.isOpen(container),
      containerStatus: containerizer.containerStatus(container),
    };
  }
  const { alive, processId, waitStatus, failure } = containerizer.inspect(container);
  const canReport = builtin !== undefined && (waitStatus !== undefined || failure !== undefined);
  const containerStatus = containerizer.containerStatus(container);
  return { alive: alive || canReport, processId, containerStatus, waitStatus };
}
