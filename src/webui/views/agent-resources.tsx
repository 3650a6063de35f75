// What an agent has, by whom it is reserved for; its volumes, what is in use, and what can be done
// about it.
import {
  type AgentAnswer,
  type AgentResource,
  type Holding,
  isPlain,
  isResizable,
  isVolume,
  type Reservation,
  type ReservedGroup,
  reservedGroups,
  roleOf,
} from '../calls/reservations.ts';
import { Tags } from '../components/facts.tsx';
import { Name } from '../components/name.tsx';
import { Failed, Loading } from '../components/notices.tsx';
import { useReading } from '../components/reading.ts';
import { type Action, actionsDone } from '../dialogs/action.tsx';
import { ActionBar } from '../dialogs/action-bar.tsx';
import {
  createVolume,
  destroyVolume,
  growVolume,
  reserve,
  shrinkVolume,
  unreserve,
} from '../dialogs/resource-actions.tsx';
import { href } from '../locations/location.ts';
import { request } from '../stream/requests.ts';
import { RESOURCE_TITLES, type ResourceName } from '../words/amounts.ts';
import { heldWords, resourceAmount } from '../words/resources.ts';
import { AgentHead, MissingAgent, useAgent } from './agent-head.tsx';
import type { Names } from './views.ts';

const EVERY_MS = 4000;

async function readAgent(id: string, signal: AbortSignal): Promise<AgentAnswer> {
  const query = new URLSearchParams({ slave_id: id });
  const response = await request(`/slaves?${query}`, { signal });
  const { slaves = [] } = (await response.json()) as {
    slaves?: readonly (AgentAnswer & { readonly id: string })[];
  };
  return slaves.find((agent) => agent.id === id) ?? {};
}

export function AgentResourcesView({ names }: { names: Names }) {
  const found = useAgent(names);
  return found === undefined ? (
    <MissingAgent {...names} />
  ) : (
    <>
      <AgentHead agent={found.agent} />
      <Groups id={found.agent.id} />
    </>
  );
}

function Groups({ id }: { id: string }) {
  const { value, failure } = useReading(
    `resources ${id} ${actionsDone.value}`,
    EVERY_MS,
    (signal) => readAgent(id, signal),
  );
  if (value === undefined) {
    return failure === undefined ? <Loading what="its resources" /> : <Failed failure={failure} />;
  }
  return (
    <div class="stack">
      {reservedGroups(value).map((group) => (
        <Group key={JSON.stringify(group.reservations)} id={id} agent={value} group={group} />
      ))}
    </div>
  );
}

interface GroupProps {
  readonly id: string;
  readonly agent: AgentAnswer;
  readonly group: ReservedGroup;
}

function Group({ id, agent, group }: GroupProps) {
  const { reservations, holdings } = group;
  const role = roleOf(reservations);
  const isAny = holdings.some(({ resource }) => isPlain(resource));
  const isDynamic = reservations.at(-1)?.type === 'DYNAMIC';
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>
          {role === '' ? (
            'Unreserved'
          ) : (
            <>
              Reserved for{' '}
              <a href={href(['roles', role])}>
                <Name text={role} />
              </a>
            </>
          )}
        </h2>
        {isAny ? (
          <ActionBar actions={[reserve(id, group), ...(isDynamic ? [unreserve(id, group)] : [])]} />
        ) : null}
      </div>
      {reservations.length === 0 ? null : <Tags texts={reservations.flatMap(tagsOf)} />}
      <table class="files holdings">
        <thead>
          <tr>
            <th scope="col">Resource</th>
            <th scope="col">There is</th>
            <th scope="col">In use</th>
            <th scope="col">On offer</th>
            <th scope="col">
              <span class="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {holdings.map((holding) => (
            <HoldingRow
              key={JSON.stringify(holding.resource)}
              holding={holding}
              actions={actionsOn(id, agent, holding.resource)}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** How the last reservation came about, and what is noted at it. */
const tagsOf = ({ type = '', role = '', principal, labels }: Reservation): readonly string[] => [
  `${role}: ${type === 'STATIC' ? 'by a flag of the agent' : 'dynamically'}${principal === undefined ? '' : `, by ${principal}`}`,
  ...(labels?.labels ?? []).map(({ key, value = '' }) => `${key}=${value}`),
];

function HoldingRow({
  holding: { resource, used, offered },
  actions,
}: {
  holding: Holding;
  actions: readonly Action[];
}) {
  return (
    <tr>
      <td data-title="Resource">
        <Name text={nameOf(resource)} />
      </td>
      <td data-title="There is">
        <Name text={resourceAmount(resource)} />
      </td>
      <td data-title="In use">
        <Amounts resources={used} />
      </td>
      <td data-title="On offer">
        <Amounts resources={offered} />
      </td>
      <td data-title="">{actions.length === 0 ? null : <ActionBar actions={actions} />}</td>
    </tr>
  );
}

function Amounts({ resources }: { resources: readonly AgentResource[] }) {
  return resources.length === 0 ? (
    <span class="quiet">none</span>
  ) : (
    <Name text={heldWords(resources)} />
  );
}

function nameOf(resource: AgentResource): string {
  const { disk, revocable, shared } = resource;
  const { persistence, volume, source } = disk ?? {};
  return [
    persistence === undefined
      ? (RESOURCE_TITLES[resource.name as ResourceName] ?? resource.name)
      : `Volume ${persistence.id}`,
    ...(volume?.container_path === undefined ? [] : [`at ${volume.container_path}`]),
    ...(source?.type === undefined ? [] : [`of type ${source.type}`]),
    ...(persistence?.principal === undefined ? [] : [`by ${persistence.principal}`]),
    ...(revocable === undefined ? [] : ['can be taken back']),
    ...(shared === undefined ? [] : ['shared']),
  ].join(', ');
}

function actionsOn(id: string, agent: AgentAnswer, resource: AgentResource): readonly Action[] {
  if (isVolume(resource)) {
    return [
      ...(isResizable(resource, agent)
        ? [growVolume(id, resource), shrinkVolume(id, resource)]
        : []),
      destroyVolume(id, resource),
    ];
  }
  const isReserved = (resource.reservations ?? []).length > 0;
  return resource.name === 'disk' && isReserved && isPlain(resource)
    ? [createVolume(id, resource)]
    : [];
}
