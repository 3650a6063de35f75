// Connects requests with the input and output of containers.
import type { AttachContainer } from '../agent/effects.ts';
import type { RunRecords } from '../containerizer/records/run-records.ts';
import {
  attachInput,
  attachOutput,
  NotAttachableError,
} from '../containerizer/terminals/switchboard.ts';
import type { ContainerId } from '../model/ids.ts';
import type { PendingRequest } from '../runtime/pending-requests.ts';

type Asker = PendingRequest<unknown> | undefined;

/** Of one container. A supervisor has places for 256: one is for the owner of a session. */
const MAX_READERS = 255;

export class Attachments {
  readonly #records: Pick<RunRecords, 'folder'>;
  readonly #readers = new Map<ContainerId, number>();

  constructor(records: Pick<RunRecords, 'folder'>) {
    this.#records = records;
  }

  /** Answers the request where it cannot be connected. */
  async attach({ containerId: id, to }: AttachContainer, asker: Asker): Promise<void> {
    const folder = this.#records.folder(id);
    try {
      if (to === 'output') {
        await this.#attachOutput(id, folder, asker);
      } else {
        const input = await attachInput(folder);
        asker?.takeInput?.(input);
      }
    } catch (error) {
      if (!(error instanceof NotAttachableError)) {
        throw error;
      }
      asker?.reply(500, error.isGone ? `Unknown container ${id}` : error.message);
    }
  }

  async #attachOutput(id: ContainerId, folder: string, asker: Asker): Promise<void> {
    if ((this.#readers.get(id) ?? 0) >= MAX_READERS) {
      asker?.reply(503, `${MAX_READERS} clients read the output of container ${id} already`);
      return;
    }
    this.#count(id, 1);
    try {
      const output = await attachOutput(folder, 'reader');
      void output.closed.then(() => this.#count(id, -1));
      if (asker?.sendOutput === undefined) {
        output.close();
      } else {
        asker.sendOutput(output);
      }
    } catch (error) {
      this.#count(id, -1);
      throw error;
    }
  }

  #count(id: ContainerId, more: 1 | -1): void {
    const count = (this.#readers.get(id) ?? 0) + more;
    if (count === 0) {
      this.#readers.delete(id);
    } else {
      this.#readers.set(id, count);
    }
  }
}
