// Finds the containers of an earlier agent that calls of the API asked for: what runs is taken
// back, what has ended is known again, and what was only half made is undone.
import { parentOf, rootOf } from '../model/container-id.ts';
import type { ContainerId } from '../model/ids.ts';
import type { Containers } from './containers.ts';
import type { Container, Inspection } from './launchers/launcher.ts';
import type { Place } from './plan/place.ts';
import { isCalled, notedPlace } from './records/place-record.ts';
import type { RunRecords } from './records/run-records.ts';

export interface Recovering {
  readonly records: RunRecords;
  readonly containers: Containers;
  readonly inspect: (id: ContainerId) => Inspection;
  readonly reattach: (id: ContainerId, place: Place) => Promise<Container>;
  /** Removes a container that has ended, with its sandbox. */
  readonly remove: (id: ContainerId) => Promise<void>;
  /** Ends whatever there is of a container, and removes its records. */
  readonly destroyOrphan: (id: ContainerId) => Promise<void>;
}

/** Whether a container stands alone, or is nested in one that does, as far as records tell. */
export const standsAlone = (records: RunRecords, id: ContainerId): boolean =>
  notedPlace(records, rootOf(id))?.place.kind === 'standalone';

/**
 * Takes back those among these containers, each of which comes after those nested in it: of what is
 * nested in one root container, which has been taken back, with those of its tasks that go on; or
 * of those that are no executor's. All are known before this waits for anything.
 */
export async function recoverCalled(
  of: Recovering,
  recorded: readonly ContainerId[],
): Promise<void> {
  const { containers, records } = of;
  const works: Promise<unknown>[] = [];
  const over: (readonly [ContainerId, Inspection])[] = [];
  // Each after the one that it is nested in.
  for (const id of recorded.toReversed()) {
    const parent = parentOf(id);
    const isBelowOther = parent !== undefined && containers.get(parent) === undefined;
    if (isBelowOther || containers.get(id) !== undefined) {
      continue;
    }
    const place = notedPlace(records, id)?.place;
    if (parent === undefined && place?.kind !== 'standalone') {
      continue;
    }
    if (place === undefined || !isCalled(place) || place.kind === 'debug') {
      // A task whose end is known; what was hardly begun; or one that looked into its parent for
      // somebody who is gone as the agent was. With it goes what is nested in it.
      works.push(of.destroyOrphan(id));
      continue;
    }
    const found = of.inspect(id);
    if (found.alive) {
      works.push(of.reattach(id, place));
    } else {
      containers.found(id, place);
      over.push([id, found]);
    }
  }
  for (const [id, { started, ...end }] of over) {
    if (started) {
      containers.ended(id, end);
      continue;
    }
    containers.neverBegan(id);
    // Whoever asked for one that the launcher had begun with may have been told that it is
    // launched, and asks how it has ended.
    if (!records.hasSettings(id)) {
      works.push(containers.gone(id).then(() => of.remove(id)));
    }
  }
  await Promise.all(works);
}
