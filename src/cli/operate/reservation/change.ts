// `mesoscale reservation add` and `reservation remove`. What an agent has is looked at to find how
// a resource is reserved; the master judges whether so much is there.
import { closestName } from '../../../model/closest-name.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  MasterCall_Type,
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
} from '../../../model/generated/messages.ts';
import {
  isPersistentVolume,
  reservationRole,
  toReservationLists,
} from '../../../model/resource-format.ts';
import { roleError } from '../../../model/role.ts';
import { counted } from '../../counted.ts';
import { FlagError } from '../../flags/faults.ts';
import { agentName } from '../agent/chosen-agents.ts';
import { performOn } from '../agent-deed.ts';
import { Cluster } from '../connection/cluster.ts';
import { agentId, agentNamed, agentsOf } from '../connection/things.ts';
import { CommandError, EXIT } from '../outcome.ts';
import { bareText, isDynamic, labelsIn, resourcesIn } from '../resource-words.ts';
import type { Asked } from '../verb.ts';
import type { RESERVATION_ADD_FLAGS, RESERVATION_REMOVE_FLAGS } from './flags.ts';

export async function addReservation({
  words: [text = '', role = '', wanted = ''],
  values,
}: Asked<typeof RESERVATION_ADD_FLAGS>): Promise<void> {
  const wrong = role === '*' ? 'expected a role to reserve for, got *' : roleError(role);
  if (wrong !== undefined) {
    throw new FlagError(wrong);
  }
  const parts = resourcesIn(wanted);
  const { from } = values;
  const cluster = await Cluster.of(values);
  const agent = agentNamed(await agentsOf(cluster), text);
  expectResources(agent, parts);
  const principal = cluster.credential?.principal;
  const labels = labelsIn(values.label);
  const reservation = {
    type: ReservationType.DYNAMIC,
    role,
    ...(principal !== undefined && { principal }),
    ...(labels !== undefined && { labels }),
  };
  const above = from === undefined ? [] : toReservationLists(agent.total_resources);
  const resources = parts.map((part) => {
    const source =
      from === undefined
        ? part
        : onlyOne(above.filter(isOf(part, from)), { part, role: from, who: agentName(agent) });
    return { ...part, reservations: [...(source.reservations ?? []), reservation] };
  });
  await performOn(
    cluster,
    { agent, role: from ?? '*' },
    {
      consequence: `Reserves ${bareText(parts)} of ${agentName(agent)} for role ${role}.`,
      calls: [
        {
          type: MasterCall_Type.RESERVE_RESOURCES,
          reserve_resources: { agent_id: { value: agentId(agent) }, resources },
        },
      ],
      done: `${bareText(parts)} of ${agentName(agent)} is reserved for role ${role}`,
    },
    values,
  );
}

export async function removeReservation({
  words: [text = '', role = '', wanted],
  values,
}: Asked<typeof RESERVATION_REMOVE_FLAGS>): Promise<void> {
  const parts = wanted === undefined ? undefined : resourcesIn(wanted);
  const cluster = await Cluster.of(values);
  const agent = agentNamed(await agentsOf(cluster), text);
  const who = agentName(agent);
  const held = toReservationLists(agent.total_resources).filter(
    (resource) => reservationRole(resource) === role,
  );
  if (held.length === 0) {
    throw new CommandError(
      EXIT.notFound,
      `${who} has nothing reserved for role '${role}': mesoscale reservation list shows what there is`,
    );
  }
  const dynamic = held.filter(({ reservations = [] }) => reservations.slice(-1).every(isDynamic));
  const free = dynamic.filter((resource) => !isPersistentVolume(resource));
  if (free.length === 0) {
    throw new CommandError(
      EXIT.failed,
      dynamic.length === 0
        ? `what ${who} has reserved for role ${role} is reserved by its flags, and stays`
        : `${counted(dynamic.length, 'volume')} is all that role ${role} has on ${who}: mesoscale volume destroy comes first`,
    );
  }
  const resources =
    parts === undefined
      ? free
      : parts.map((part) => {
          const { reservations = [] } = onlyOne(free.filter(isOf(part, role)), { part, role, who });
          return { ...part, reservations };
        });
  const owners = ownersAfter(resources);
  const kept = parts === undefined ? dynamic.length - free.length : 0;
  const left =
    kept === 0
      ? ''
      : `${counted(kept, 'volume')} of the role there and the disk below stay reserved`;
  await performOn(
    cluster,
    { agent, role },
    {
      consequence: `Gives back ${bareText(resources)} of ${who} that is reserved for role ${role}: from then on it is offered to ${owners}.${left && ` ${left}.`}`,
      calls: [
        {
          type: MasterCall_Type.UNRESERVE_RESOURCES,
          unreserve_resources: { agent_id: { value: agentId(agent) }, resources: [...resources] },
        },
      ],
      done: `${bareText(resources)} of ${who} is reserved for role ${role} no more, and offered to ${owners}${left && `; ${left}: mesoscale volume destroy comes first`}`,
    },
    values,
  );
}

/** Throws CommandError where an agent has no resource of a name. */
function expectResources(agent: Agent, parts: readonly Resource[]): void {
  const names = [...new Set((agent.total_resources ?? []).map(({ name }) => name))];
  const unknown = parts.find(({ name }) => !names.includes(name));
  if (unknown !== undefined) {
    const close = closestName(unknown.name, names);
    const meant = close === undefined ? '' : ` (did you mean ${close}?)`;
    throw new CommandError(
      EXIT.notFound,
      `${agentName(agent)} has no resource '${unknown.name}'${meant}: it has ${names.join(', ')}`,
    );
  }
}

/** Whose they are once the last reservation of each is taken back. */
function ownersAfter(resources: readonly Resource[]): string {
  const owners = resources.map(({ reservations = [] }) => reservations.at(-2)?.role);
  return [...new Set(owners)]
    .map((owner) => (owner === undefined ? 'anyone' : `role ${owner}`))
    .join(' and ');
}

/** The same resource of that role, of which a part may be taken. */
const isOf = (part: Resource, role: string) => (resource: Resource) =>
  resource.name === part.name &&
  reservationRole(resource) === role &&
  !isPersistentVolume(resource) &&
  sourceOf(resource) === sourceOf(part);

/** The disk that it is on. */
const sourceOf = ({ disk }: Resource): string => JSON.stringify(disk?.source ?? null);

/** That which is meant. Throws CommandError where there is none, or more than one. */
function onlyOne(
  found: readonly Resource[],
  { part, role, who }: { readonly part: Resource; readonly role: string; readonly who: string },
): Resource {
  const [first, ...others] = found;
  if (first === undefined) {
    throw new CommandError(
      EXIT.notFound,
      `${who} has no ${part.name} reserved for role ${role}: mesoscale reservation list shows what there is`,
    );
  }
  if (others.length > 0) {
    throw new CommandError(
      EXIT.notFound,
      `${who} has ${found.length} reservations of ${part.name} for role ${role}: mesoscale reservation list -o json tells them apart`,
    );
  }
  return first;
}
