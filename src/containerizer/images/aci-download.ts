// Brings archives of App Container images: over HTTP, or from a folder.
import type { FileHandle } from 'node:fs/promises';
import { NotRegularError, openRegular } from '../../filesystem/folder.ts';
import { errorText } from '../../model/error-text.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { storeBlob } from './blob-file.ts';
import type { ByteCounter } from './byte-counter.ts';
import { MOST_LAYER_BYTES } from './formats/manifest.ts';
import { ask, type Manner, unexpected } from './registry/asking.ts';

export class AciDownloads {
  readonly #manner: Manner;

  constructor(manner: Manner) {
    this.#manner = manner;
  }

  /**
   * From a URL or an absolute path into a new file. Rejects with ContainerizerError, with the
   * system's error, or with the reason of the abort.
   */
  async fetch(
    place: string,
    path: string,
    abort: AbortSignal,
    arrived: ByteCounter,
  ): Promise<void> {
    if (place.startsWith('/')) {
      await using file = await openArchive(place);
      const bytes = file.createReadStream({ autoClose: false });
      return await storeBlob(bounded(bytes, place), path, abort, arrived);
    }
    const url = URL.parse(place);
    if (url === null) {
      throw new ContainerizerError(`'${place}' is no URL of an image`);
    }
    const answer = await ask({ url: place, headers: {}, registry: url.host, abort }, this.#manner);
    try {
      if (answer.status !== 200) {
        throw unexpected(answer.status, `to download '${place}'`);
      }
      await storeBlob(bounded(answer.body, place), path, abort, arrived);
    } finally {
      answer.close();
    }
  }
}

async function openArchive(path: string): Promise<FileHandle> {
  try {
    return await openRegular(path);
  } catch (error) {
    const why = error instanceof NotRegularError ? 'it is no file' : errorText(error);
    throw new ContainerizerError(`Failed to open '${path}': ${why}`, { cause: error });
  }
}

async function* bounded(bytes: AsyncIterable<Uint8Array>, place: string) {
  let left = MOST_LAYER_BYTES;
  for await (const chunk of bytes) {
    left -= chunk.length;
    if (left < 0) {
      throw new ContainerizerError(`'${place}' has more than ${MOST_LAYER_BYTES} bytes`);
    }
    yield chunk;
  }
}
