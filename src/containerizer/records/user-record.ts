// Who a container runs as, for agents to come: a number of the machine's users; or, where that is
// said by the container's own files, all that is needed to be that user, who need not be one of the
// machine's.
import type { ContainerId } from '../../model/ids.ts';
import type { Identity } from '../host/users.ts';
import type { ContainerPlan } from '../plan/plan.ts';
import type { RunRecords } from './run-records.ts';

interface Inside {
  readonly identity: Identity;
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
    const inside: Inside = { identity: runsAs, stopSignal };
    records.note(id, 'inside', JSON.stringify(inside));
  }
  records.note(id, 'user', identity === undefined ? '' : String(identity.uid));
}

/** Undefined where the container's files do not say it. Throws ContainerizerError. */
export function notedInside(records: RunRecords, id: ContainerId): Inside | undefined {
  const text = records.noted(id, 'inside');
  return text === undefined ? undefined : (JSON.parse(text) as Inside);
}
