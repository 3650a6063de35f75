// Who a container runs as, for agents to come: a number of the machine's users, to whom its sandbox
// belongs; and whether its process is that of another user, whom the container's own files name.
import type { ContainerId } from '../../model/ids.ts';
import type { Identity } from '../host/users.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import type { RunRecords } from './run-records.ts';

/** Of one with a user of its own files. */
interface Inside {
  /** As in the plan. */
  readonly stopSignal: number | undefined;
}

/** `identity`: the machine's user; undefined: the agent's own. Throws ContainerizerError. */
export function noteUser(
  records: RunRecords,
  { id, runsAs, stopSignal }: ContainerPlan,
  identity: Identity | undefined,
): void {
  if (runsAs !== undefined) {
    const inside: Inside = { stopSignal };
    records.note(id, 'inside', JSON.stringify(inside));
  }
  records.note(id, 'user', identity === undefined ? '' : String(identity.uid));
}

/** Undefined where the machine's user is all there is. Throws ContainerizerError. */
export function notedInside(records: RunRecords, id: ContainerId): Inside | undefined {
  const text = records.noted(id, 'inside');
  return text === undefined ? undefined : (JSON.parse(text) as Inside);
}
