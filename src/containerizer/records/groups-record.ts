// The groups that a container's processes have for its volumes, beside those of their user.
import type { ContainerId } from '../../model/ids.ts';
import type { RunRecords } from './run-records.ts';

/** Throws ContainerizerError. */
export const noteGroups = (
  records: Pick<RunRecords, 'note'>,
  id: ContainerId,
  groups: readonly number[],
): void => records.note(id, 'groups', groups.join(' '));

/** None where none are on record. Throws ContainerizerError where the record is damaged. */
export const notedGroups = (records: Pick<RunRecords, 'noted'>, id: ContainerId): number[] =>
  (records.noted(id, 'groups') ?? '').split(' ').filter(Boolean).map(Number);
