// Connects requests with the input and output of containers.
import { existsSync } from 'node:fs';
import type { AttachContainer } from '../agent/effects.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import {
  attachInput,
  attachOutput,
  NotAttachableError,
} from '../containerizer/terminals/switchboard.ts';
import type { PendingRequest } from '../runtime/pending-requests.ts';

/** Answers the request where it cannot be connected. */
export async function attach(
  { containerId: id, to, onlyExecutors }: AttachContainer,
  asker: PendingRequest<unknown> | undefined,
  records: Pick<RunRecords, 'folder'>,
): Promise<void> {
  const folder = records.folder(id);
  if (onlyExecutors && existsSync(folder)) {
    asker?.reply(403, undefined);
    return;
  }
  try {
    if (to === 'output') {
      const output = await attachOutput(folder, 'reader');
      asker?.sendOutput?.(output);
    } else {
      const input = await attachInput(folder);
      asker?.takeInput?.(input);
    }
  } catch (error) {
    if (!(error instanceof NotAttachableError)) {
      throw error;
    }
    if (error.isGone) {
      asker?.reply(404, `Container ${id} cannot be found`);
    } else {
      asker?.reply(500, error.message);
    }
  }
}
