// All that a registry holds as one JSON document, which another registry can take: messages in the
// JSON of Mesos's API, a line each, in an order that does not depend on where they lay.
import { agentId } from '../model/ids.ts';
import type { RegistryChange, RegistrySnapshot, UnreachableAgent } from '../model/registry.ts';
import { readJsonValue, writeJson } from '../wire/json.ts';
import { parseJson } from '../wire/json-text.ts';
import type { MessageType } from '../wire/message-type.ts';
import { types } from '../wire/types.ts';
import { RegistryError } from './registry.ts';

const KIND = 'registry of Mesoscale masters';
/** Raised with every change of the document; a newer one is refused. */
const FORMAT = 1;

export function writeDocument(snapshot: RegistrySnapshot): string {
  const messages = <T>(type: MessageType<T>, list: readonly T[] | undefined) =>
    list?.map((message) => writeJson(type, message));
  const since = (list: readonly UnreachableAgent[]) =>
    list.map(({ id, sinceNs }) => `{"id":${JSON.stringify(id)},"since_ns":"${sinceNs}"}`);
  const sections = {
    agents: messages(types.AgentInfo, snapshot.agents)?.toSorted(),
    unreachable: since(snapshot.unreachable).toSorted(),
    gone: since(snapshot.gone).toSorted(),
    duties: (snapshot.duties ?? [])
      .map(({ id, drain, deactivated }) => {
        const asked = drain === undefined ? '' : `,"drain":${writeJson(types.DrainInfo, drain)}`;
        return `{"id":${JSON.stringify(id)},"deactivated":${deactivated}${asked}}`;
      })
      .toSorted(),
    weights: messages(types.WeightInfo, snapshot.weights),
    quotas: messages(types.QuotaConfig, snapshot.quotas),
    schedules: messages(types.Schedule, snapshot.schedules),
    machines: messages(types.MachineInfo, snapshot.machines),
    minimum_capabilities: snapshot.minimumCapabilities?.map((name) => JSON.stringify(name)),
  };
  const lines = Object.entries(sections).flatMap(([name, items]) =>
    items === undefined ? [] : [`"${name}": [${items.map((item) => `\n  ${item}`).join(',')}\n]`],
  );
  return `{"kind": ${JSON.stringify(KIND)}, "format": ${FORMAT},\n${lines.join(',\n')}}\n`;
}

/** The changes that make an empty registry hold what the document says. Throws RegistryError. */
export function readDocument(text: string): RegistryChange[] {
  try {
    return changesOf(parseJson(text));
  } catch (error) {
    throw new RegistryError(`The document cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('expected an object');
  }
  return value as Fields;
}

function changesOf(value: unknown): RegistryChange[] {
  const document = fieldsOf(value);
  if (document.kind !== KIND || document.format !== FORMAT) {
    throw new Error(`expected the kind '${KIND}' and the format ${FORMAT}`);
  }
  const list = (name: string): readonly unknown[] | undefined => {
    const found = document[name];
    if (found !== undefined && !Array.isArray(found)) {
      throw new Error(`expected a list of ${name}`);
    }
    return found as readonly unknown[] | undefined;
  };
  const messages = <T>(type: MessageType<T>, name: string) =>
    list(name)?.map((item) => readJsonValue(type, item));
  const id = (fields: Fields) => {
    if (typeof fields.id !== 'string' || fields.id === '') {
      throw new Error('expected the id of an agent');
    }
    return agentId(fields.id);
  };
  const since = (type: 'markUnreachable' | 'markGone', name: string): RegistryChange[] =>
    (list(name) ?? []).map(fieldsOf).map((fields) => {
      if (typeof fields.since_ns !== 'string' || !/^\d{1,18}$|^\d{19}$/.test(fields.since_ns)) {
        throw new Error(`expected since_ns of ${String(fields.id)}`);
      }
      return { type, id: id(fields), sinceNs: BigInt(fields.since_ns) };
    });
  const agents = messages(types.AgentInfo, 'agents') ?? [];
  if (agents.some((agent) => agent.id === undefined)) {
    throw new Error('expected the id of an agent');
  }
  const weights = messages(types.WeightInfo, 'weights');
  const quotas = messages(types.QuotaConfig, 'quotas');
  const schedules = messages(types.Schedule, 'schedules');
  const machines = messages(types.MachineInfo, 'machines');
  const names = list('minimum_capabilities')?.map(String);
  return [
    // An agent that is gone can be known otherwise as well: what comes later takes nothing back.
    ...since('markGone', 'gone'),
    ...since('markUnreachable', 'unreachable'),
    ...agents.map((agent): RegistryChange => ({ type: 'admitAgent', agent })),
    ...(list('duties') ?? []).map(fieldsOf).map(
      (fields): RegistryChange => ({
        type: 'setDuty',
        id: id(fields),
        deactivated: fields.deactivated === true,
        drain:
          fields.drain === undefined ? undefined : readJsonValue(types.DrainInfo, fields.drain),
      }),
    ),
    ...(weights === undefined ? [] : [{ type: 'setWeights' as const, weights }]),
    ...(quotas === undefined ? [] : [{ type: 'setQuotas' as const, quotas }]),
    ...(schedules === undefined && machines === undefined
      ? []
      : [
          {
            type: 'setMaintenance' as const,
            schedules: schedules ?? [],
            machines: machines ?? [],
          },
        ]),
    ...(names === undefined ? [] : [{ type: 'setMinimumCapabilities' as const, names }]),
  ];
}
