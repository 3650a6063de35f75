// Everything that can be read of a master or an agent, as text, by the endpoint or call that shows
// it.
import type { AgentViews } from '../../src/agent/views.ts';
import type { MasterViews } from '../../src/master/views.ts';
import { AgentCall_Type, MasterCall_Type } from '../../src/model/generated/messages.ts';
import type { Authorizer } from '../../src/security/authorizer.ts';

export type Readings = readonly (readonly [name: string, text: string])[];

export const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint'
      ? `${inner}`
      : typeof inner === 'object' && inner !== null && Symbol.iterator in inner
        ? [...(inner as Iterable<unknown>)]
        : inner,
  ) ?? '';

/** Flags, quotas and metrics have actions of their own. */
const OTHERS: ReadonlySet<string> = new Set(['GET_FLAGS', 'GET_METRICS', 'GET_QUOTA']);

const callsOf = <T extends number>(types: Readonly<Record<string, T>>) =>
  Object.entries(types).filter(([name]) => !OTHERS.has(name));

export function masterReadings(views: MasterViews, authorizer: Authorizer): Readings {
  const viewer = { authorizer };
  return [
    ['/state', textOf(views.state(viewer))],
    ['/state-summary', textOf(views.stateSummary(viewer))],
    ['/slaves', textOf(views.slaves(viewer, {}))],
    ['/frameworks', textOf(views.frameworks(viewer, {}))],
    ['/tasks', textOf(views.tasks(viewer, {}))],
    ['/roles', textOf(views.roles(viewer))],
    ['/weights', textOf(views.weights(viewer))],
    ...callsOf(MasterCall_Type).map(
      ([name, type]) => [name, textOf(views.read({ type }, viewer))] as const,
    ),
  ];
}

export function agentReadings(views: AgentViews, authorizer: Authorizer): Readings {
  const viewer = { authorizer };
  return [
    ['/state', textOf(views.state(viewer))],
    ['/containers', textOf(views.containers(viewer))],
    ['/files/debug', textOf(new Map(views.files(viewer)))],
    ...callsOf(AgentCall_Type).map(
      ([name, type]) => [name, textOf(views.read({ type }, viewer))] as const,
    ),
  ];
}

/** The names of readings that contain the part. */
export const having = (readings: Readings, part: string): string[] =>
  readings.filter(([, text]) => text.includes(part)).map(([name]) => name);
