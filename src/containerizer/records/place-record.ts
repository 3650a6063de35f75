// What a later agent must know of a container before anything else: what it is for, where its
// sandbox is, and which isolators may have made something for it. It is written first, so that a
// container which was only half made is undone in full, also by an agent with other isolators.
import type { ContainerId } from '../../model/ids.ts';
import { jsonValue, readJsonValue } from '../../wire/json.ts';
import { types } from '../../wire/types.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { Place } from '../plan/place.ts';
import type { RunRecords } from './run-records.ts';

export interface PlaceRecord {
  readonly place: Place;
  /** By name, in the order in which they were asked. */
  readonly isolators: readonly string[];
}

/** Containers that the checkpoint does not know: a later agent finds them by their records. */
const CALLED: ReadonlySet<Place['kind']> = new Set(['standalone', 'nested', 'debug']);

export const isCalled = ({ kind }: Place): boolean => CALLED.has(kind);

/** Throws ContainerizerError. */
export function notePlace(
  records: RunRecords,
  id: ContainerId,
  { place, isolators }: PlaceRecord,
): void {
  // The checkpoint knows those of all others.
  const resources = isCalled(place)
    ? place.resources.map((it) => jsonValue(types.Resource, it))
    : [];
  records.note(id, 'place', JSON.stringify({ place: { ...place, resources }, isolators }));
}

/** Undefined where that is not on record, as of a container of an earlier version, or damaged. */
export function notedPlace(records: RunRecords, id: ContainerId): PlaceRecord | undefined {
  try {
    const text = records.noted(id, 'place');
    if (text === undefined) {
      return undefined;
    }
    const { place, isolators } = JSON.parse(text) as PlaceRecord;
    const resources = place.resources.map((it) => readJsonValue(types.Resource, it));
    return { place: { ...place, resources }, isolators };
  } catch (error) {
    if (!(error instanceof ContainerizerError)) {
      throw error;
    }
    return undefined;
  }
}
