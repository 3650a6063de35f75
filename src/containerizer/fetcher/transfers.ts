// Moves files in a thread of its own, and not all at once: the thread starts with the first
// transfer, and a thousand tasks that begin together share its slots.
import { Slots, type SlotUse } from '../downloads/slots.ts';
import { AskedThread } from '../threads/asked-thread.ts';
import type { Arrival } from './arriving-file.ts';
import type { Download, RemoteFile } from './download.ts';
import { FetchError } from './fetch-error.ts';
import type { Copy, TransferFailure, Transfers } from './transfer-thread.ts';

/** Downloads at once, and those from one server; one framework has half of it. */
const MOST_DOWNLOADS = 128;
const MOST_OF_SERVER = 32;
/** Copies of the agent's own files at once: more would only make the disk slower. */
const MOST_COPIES = 4;

export class ThreadTransfers implements Transfers {
  readonly #downloads = new Slots(MOST_DOWNLOADS, MOST_OF_SERVER);
  readonly #copies = new Slots(MOST_COPIES, MOST_COPIES);
  readonly #thread = new AskedThread<TransferFailure>({
    module: new URL('./transfer-thread', import.meta.url),
    does: 'moves files',
    errorOf: ({ text, ...more }) => new FetchError(text, more),
    lost: (text) => ({ text, detail: undefined, isHere: true }),
  });

  download(file: Download, abort: AbortSignal): Promise<Arrival> {
    return this.#downloads.run(useOf(file), abort, () => this.#thread.ask('download', file, abort));
  }

  remoteBytes(file: RemoteFile, abort: AbortSignal): Promise<number | undefined> {
    return this.#downloads.run(useOf(file), abort, () =>
      this.#thread.ask('remoteBytes', file, abort),
    );
  }

  joined(): void {
    this.#downloads.beginNext();
  }

  copy(file: Copy, abort: AbortSignal): Promise<Arrival> {
    return this.#copies.run({ host: '' }, abort, () => this.#thread.ask('copy', file, abort));
  }

  measure(path: string, abort: AbortSignal): Promise<Arrival> {
    return this.#copies.run({ host: '' }, abort, () => this.#thread.ask('measure', path, abort));
  }

  /** What still runs fails. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}

/** By host and port, as far as the URI can be read. */
const useOf = ({ uri, owners }: RemoteFile): SlotUse => ({
  host: /^[a-z][a-z\d+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(uri)?.[1] ?? '',
  owners: owners ?? new Set(['']),
});
