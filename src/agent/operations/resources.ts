// The agent's resources: those of its flags, changed by the reservations and volumes made at run
// time.

import type { Applied, ResourceAlgebra } from '../../core/interface.ts';
import { sameMessage } from '../../model/equality.ts';
import {
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
} from '../../model/generated/messages.ts';
import { needsCheckpoint } from '../../model/resource-format.ts';
import { resourcesError } from '../../model/resource-validation.ts';
import { type VolumePlace, volumePlaces } from '../../model/volume-path.ts';
import { emit, log, persist } from '../outbox.ts';
import type { AgentState } from '../state.ts';

/** The resource without its reservations and volume. */
function original(resource: Resource): Resource {
  const { reservations, disk, shared: _, ...rest } = resource;
  const fixed = reservations?.filter(({ type }) => type !== Resource_ReservationInfo_Type.DYNAMIC);
  return {
    ...rest,
    ...(fixed === undefined || fixed.length === 0 ? {} : { reservations: fixed }),
    // The source of the disk stays; the volume goes.
    ...(disk?.source === undefined ? {} : { disk: { source: disk.source } }),
  };
}

/** The flags' resources with the checkpointed ones in place, or undefined where they do not fit. */
export function withCheckpointed(
  algebra: ResourceAlgebra,
  resources: readonly Resource[],
  checkpointed: readonly Resource[],
): Resource[] | undefined {
  const before = checkpointed.map(original);
  return algebra.contains(resources, before)
    ? algebra.add(algebra.subtract(resources, before), checkpointed)
    : undefined;
}

/** The master's view of all reservations and volumes, from masters that send it. */
export function setCheckpointedResources(
  agent: AgentState,
  checkpointed: readonly Resource[],
): void {
  const { algebra } = agent.core;
  const error = resourcesError(checkpointed);
  if (error !== undefined) {
    log(agent, 'error', `Ignoring checkpointed resources: ${error}`);
    return;
  }
  if (algebra.equal(agent.checkpointedResources, checkpointed)) {
    return;
  }
  const total = withCheckpointed(algebra, agent.options.resources, checkpointed);
  if (total === undefined) {
    log(agent, 'error', 'Ignoring checkpointed resources that this agent does not have');
    return;
  }
  agent.ledger.setTotal(total);
  remember(agent, checkpointed);
}

const listsOf = (operation: Offer_Operation): (readonly Resource[] | undefined)[] => {
  const { reserve, unreserve, create, destroy, grow_volume: grow } = operation;
  const { shrink_volume: shrink, create_disk: createDisk, destroy_disk: destroyDisk } = operation;
  return [
    reserve?.resources,
    reserve?.source,
    unreserve?.resources,
    create?.volumes,
    destroy?.volumes,
    grow && [grow.volume, grow.addition],
    shrink && [shrink.volume],
    createDisk && [createDisk.source],
    destroyDisk && [destroyDisk.source],
  ];
};

const BY_PROVIDERS: ReadonlySet<Offer_Operation_Type | undefined> = new Set([
  Offer_Operation_Type.CREATE_DISK,
  Offer_Operation_Type.DESTROY_DISK,
]);

export function applyOperation(agent: AgentState, operation: Offer_Operation): Applied {
  if (BY_PROVIDERS.has(operation.type)) {
    return { ok: false, why: 'This agent has no resource providers' };
  }
  const error = listsOf(operation).map(resourcesError).find(Boolean);
  if (error !== undefined) {
    return { ok: false, why: error };
  }
  const applied = agent.ledger.apply(operation);
  if (applied.ok) {
    remember(agent, agent.ledger.total().filter(needsCheckpoint));
  }
  return applied;
}

/** The folders of volumes that the agent makes and empties: those on disks that its flags name. */
function ownPlaces(agent: AgentState, resources: readonly Resource[]): VolumePlace[] {
  const sources = agent.options.resources.flatMap(({ disk }) => disk?.source ?? []);
  return volumePlaces(
    resources.filter(({ disk }) => {
      const source = disk?.source;
      return source === undefined || sources.some((own) => sameMessage(own, source));
    }),
  );
}

function remember(agent: AgentState, resources: readonly Resource[]): void {
  const kept = new Set(ownPlaces(agent, resources).map(({ path }) => path));
  const before = agent.checkpointedResources;
  const known = new Map(ownPlaces(agent, before).map((place) => [place.path, place]));
  // A volume that is destroyed takes its data with it.
  const destroyed = [...known.values()].filter(({ path }) => !kept.has(path));
  agent.checkpointedResources = resources;
  if (!sameMessage(before, resources)) {
    persist(agent, {
      type: 'resources',
      resources,
      ...(destroyed.length > 0 && { destroyed }),
    });
  }
  for (const { path, kind } of destroyed) {
    emit(agent, { type: 'collectGarbage', path, delayMs: 0, volume: kind });
  }
  createVolumes(agent, resources, known);
}

/**
 * Makes the folders of volumes before tasks use them: operators fill them, and mount file systems
 * in them.
 */
export function createVolumes(
  agent: AgentState,
  resources: readonly Resource[],
  known: ReadonlyMap<string, unknown> = new Map(),
): void {
  const places = new Map(ownPlaces(agent, resources).map((place) => [place.path, place]));
  for (const place of places.values()) {
    if (!known.has(place.path)) {
      emit(agent, { type: 'createVolume', ...place });
    }
  }
}
