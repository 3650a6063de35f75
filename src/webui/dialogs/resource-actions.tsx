// What an operator can do to the resources of an agent: reservations and volumes.
import type { Chosen } from '../calls/chosen.ts';
import { numberError } from '../calls/chosen.ts';
import {
  type AgentResource,
  additionTo,
  amountField,
  amountTextOf,
  isPlain,
  partsOf,
  partsProblem,
  type ReservedGroup,
  reserved,
  reservedRoleProblem,
  roleOf,
  volumeOn,
} from '../calls/reservations.ts';
import { knownRoles } from '../store/known-roles.ts';
import { session } from '../stream/session.ts';
import { RESOURCE_TITLES, type ResourceName } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';
import type { Action, OperatorCall } from './action.tsx';
import { type FieldsProps, type Option, Options } from './options.tsx';

const ROLE: Option = {
  ...{ name: 'role', kind: 'text', label: 'For the role' },
  proposals: knownRoles,
};
const DONE = 'The master has taken it, and the agent carries it out.';

const unit = ({ name }: AgentResource) => (name === 'mem' || name === 'disk' ? ', MB' : '');

const titleOf = (resource: AgentResource) =>
  `${RESOURCE_TITLES[resource.name as ResourceName] ?? plainName(resource.name)}${unit(resource)}`;

/** One field for each resource, with what there is beside it. */
const amountOptions = (resources: readonly AgentResource[]): readonly Option[] =>
  resources.map((resource, index) => ({
    name: amountField(index),
    kind: resource.scalar === undefined ? 'text' : 'amount',
    label: titleOf(resource),
    placeholder: `none of ${plainName(amountTextOf(resource))}`,
  }));

const resourcesOf = ({ holdings }: ReservedGroup) =>
  holdings.map(({ resource }) => resource).filter(isPlain);

/** Mesos wants whoever is authenticated to be named in what they reserve. */
const principalNow = () => session.peek()?.principal;

const callOf = (type: string, agentId: string, body: object): OperatorCall => ({
  type,
  body: { [type.toLowerCase()]: { agent_id: { value: agentId }, ...body } },
});

const OFFERS = 'Offers that hold some of them are taken back. No task ends.';

const LABELS: Option = {
  ...{ name: 'labels', kind: 'lines', label: 'Labels, one a line (or none)' },
  placeholder: 'key=value',
};

export function reserve(agentId: string, group: ReservedGroup): Action {
  const { reservations } = group;
  const above = roleOf(reservations);
  const resources = resourcesOf(group);
  const options = amountOptions(resources);
  const initial: Chosen = { role: above === '' ? '' : `${above}/` };
  return {
    ...{ title: above === '' ? 'Reserve resources' : `Reserve of what ${plainName(above)} has` },
    ...{ verb: 'Reserve', isGrave: false, initial, done: DONE },
    permission: ({ role = '' }) => `RESERVE_RESOURCES ${role}`,
    effects: () => (
      <p>
        Only frameworks in the role, or in one below it, are offered these from now on. {OFFERS}
      </p>
    ),
    Fields: (props) => (
      <>
        <Options options={[ROLE]} {...props} />
        <AmountFields options={options} {...props} />
      </>
    ),
    options: [LABELS],
    problem: (chosen) =>
      reservedRoleProblem(chosen.role ?? '', reservations) ?? partsProblem(resources, chosen),
    calls: (chosen) => {
      const { role = '', labels = '' } = chosen;
      const wanted = { role, labels, principal: principalNow() };
      const parts = partsOf(resources, chosen).map((part) => reserved(part, wanted));
      return [callOf('RESERVE_RESOURCES', agentId, { resources: parts })];
    },
  };
}

function AmountFields({ options, ...props }: FieldsProps & { options: readonly Option[] }) {
  return (
    <div class="amount-fields">
      <Options options={options} {...props} />
    </div>
  );
}

export function unreserve(agentId: string, group: ReservedGroup): Action {
  const { reservations } = group;
  const resources = resourcesOf(group);
  const options = amountOptions(resources);
  const initial = Object.fromEntries(
    resources.map((resource, index) => [amountField(index), amountTextOf(resource)]),
  );
  const next = roleOf(reservations.slice(0, -1));
  return {
    title: `Unreserve what ${plainName(roleOf(reservations))} has`,
    ...{ verb: 'Unreserve', isGrave: false, initial, done: DONE },
    permission: `UNRESERVE_RESOURCES ${reservations.at(-1)?.principal ?? ''}`,
    effects: () => (
      <p>
        These are for {next === '' ? 'anybody' : plainName(next)} again. What tasks use cannot be
        unreserved. {OFFERS}
      </p>
    ),
    Fields: (props) => <AmountFields options={options} {...props} />,
    problem: (chosen) => partsProblem(resources, chosen),
    calls: (chosen) => [
      callOf('UNRESERVE_RESOURCES', agentId, { resources: partsOf(resources, chosen) }),
    ],
  };
}

const SIZE: Option = { name: 'size', kind: 'amount', label: 'Size, MB' };

const VOLUME_OPTIONS: readonly Option[] = [
  { name: 'id', kind: 'text', label: 'Id' },
  { ...SIZE },
  { name: 'path', kind: 'text', label: 'Where tasks see it, below their sandbox' },
  { name: 'shared', kind: 'check', label: 'Several tasks may use it at once' },
];

const sizeProblem = (size: string) =>
  numberError(size) ?? (Number(size) > 0 ? undefined : 'Say how large.');

export function createVolume(agentId: string, disk: AgentResource): Action {
  const role = roleOf(disk.reservations ?? []);
  const initial = {
    id: `volume-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`,
    size: disk.disk?.source?.type === 'MOUNT' ? amountTextOf(disk) : '',
    path: 'data',
  };
  const volumeOf = ({ id = '', size = '', path = '', shared }: Chosen) =>
    volumeOn(disk, { id, size, path, principal: principalNow(), isShared: shared === 'true' });
  return {
    title: `Create a volume for ${plainName(role)}`,
    ...{ verb: 'Create a volume', isGrave: false, initial, done: DONE },
    permission: `CREATE_VOLUME ${role}`,
    effects: () => (
      <p>
        It lasts when tasks that use it end. Frameworks in the role are offered it. The disk has{' '}
        {amountTextOf(disk)} MB.
      </p>
    ),
    options: VOLUME_OPTIONS,
    problem: ({ id = '', size = '', path = '' }) =>
      id === '' ? 'Say its id.' : path === '' ? 'Say where tasks see it.' : sizeProblem(size),
    calls: (chosen) => [callOf('CREATE_VOLUMES', agentId, { volumes: [volumeOf(chosen)] })],
  };
}

const idOf = ({ disk }: AgentResource) => disk?.persistence?.id ?? '';

export function destroyVolume(agentId: string, volume: AgentResource): Action {
  return {
    title: `Destroy the volume ${plainName(idOf(volume))}`,
    ...{ verb: 'Destroy', isGrave: true, done: DONE },
    permission: `DESTROY_VOLUME ${volume.disk?.persistence?.principal ?? ''}`,
    effects: () => (
      <p>
        All that is on it is deleted, and cannot be brought back. The disk stays reserved. A volume
        that a task uses is not destroyed.
      </p>
    ),
    calls: () => [callOf('DESTROY_VOLUMES', agentId, { volumes: [volume] })],
  };
}

export function growVolume(agentId: string, volume: AgentResource): Action {
  return {
    title: `Grow the volume ${plainName(idOf(volume))}`,
    ...{ verb: 'Grow', isGrave: false, done: DONE },
    permission: `RESIZE_VOLUME ${roleOf(volume.reservations ?? [])}`,
    effects: () => (
      <p>
        It has {amountTextOf(volume)} MB. What is added is taken from disk with the same
        reservation.
      </p>
    ),
    options: [{ ...SIZE, label: 'Larger by, MB' }],
    problem: ({ size = '' }) => sizeProblem(size),
    calls: ({ size = '' }) => [
      callOf('GROW_VOLUME', agentId, { volume, addition: additionTo(volume, size) }),
    ],
  };
}

export function shrinkVolume(agentId: string, volume: AgentResource): Action {
  return {
    title: `Shrink the volume ${plainName(idOf(volume))}`,
    ...{ verb: 'Shrink', isGrave: true, done: DONE },
    permission: `RESIZE_VOLUME ${roleOf(volume.reservations ?? [])}`,
    effects: () => (
      <p>
        It has {amountTextOf(volume)} MB. No file is deleted: what is there may be more than it has
        room for then.
      </p>
    ),
    options: [{ ...SIZE, label: 'Smaller by, MB' }],
    problem: ({ size = '' }) => sizeProblem(size),
    calls: ({ size = '' }) => [
      callOf('SHRINK_VOLUME', agentId, { volume, subtract: { value: Number(size) } }),
    ],
  };
}
