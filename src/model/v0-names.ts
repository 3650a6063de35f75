// The names that contain "slave" in v0 and "agent" in v1: unversioned endpoints and metrics use the
// old ones.
import { TaskStatus_Reason, TaskStatus_Source } from './generated/messages.ts';

const inV0 = (name: string) => name.replace(/^(SOURCE|REASON)_AGENT(?=_|$)/, '$1_SLAVE');

const byNumber = (names: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(names).map(([name, number]) => [number, inV0(name)]));

const sources = byNumber(TaskStatus_Source);
const reasons = byNumber(TaskStatus_Reason);

/** The v0 name: `SOURCE_SLAVE` for an agent, else as in v1. */
export function v0SourceName(source: TaskStatus_Source): string {
  return sources.get(source) ?? `SOURCE_${source}`;
}

/** The v0 name: `REASON_SLAVE_REMOVED` and the like, else as in v1. */
export function v0ReasonName(reason: TaskStatus_Reason): string {
  return reasons.get(reason) ?? `REASON_${reason}`;
}
