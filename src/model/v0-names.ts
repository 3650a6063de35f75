// The words that v0 has where v1 says "agent": unversioned endpoints and metrics still use them.
import { TaskStatus_Reason, TaskStatus_Source } from './generated/messages.ts';

const inV0 = (name: string) => name.replace(/^(SOURCE|REASON)_AGENT(?=_|$)/, '$1_SLAVE');

const byNumber = (names: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(names).map(([name, number]) => [number, inV0(name)]));

const sources = byNumber(TaskStatus_Source);
const reasons = byNumber(TaskStatus_Reason);

/** `SOURCE_SLAVE` for an agent, else as in v1. */
export function v0SourceName(source: TaskStatus_Source): string {
  return sources.get(source) ?? `SOURCE_${source}`;
}

/** `REASON_SLAVE_REMOVED` and the like, else as in v1. */
export function v0ReasonName(reason: TaskStatus_Reason): string {
  return reasons.get(reason) ?? `REASON_${reason}`;
}
