// The record that a container has no process of its own. It holds until the machine is started
// again: cgroups are gone then, and with them all that made the container.
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { bootId } from '../host/process-table.ts';
import type { RunRecords } from './run-records.ts';

export const noteEmpty = (records: RunRecords, id: ContainerId): void =>
  records.note(id, 'empty', bootId());

/** Whether it says so since the machine was started; a damaged record says nothing. */
export function isNotedEmpty(records: RunRecords, id: ContainerId): boolean {
  try {
    return records.noted(id, 'empty') === bootId();
  } catch (error) {
    if (error instanceof ContainerizerError) {
      return false;
    }
    throw error;
  }
}
