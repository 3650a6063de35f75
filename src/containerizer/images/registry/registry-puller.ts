// Pulls images from registries, by the API of the OCI distribution specification, which is that of
// docker's registry.
import { buffer } from 'node:stream/consumers';
import { ContainerizerError } from '../../containerizer-error.ts';
import { storeBlob } from '../blob-file.ts';
import { isDigest } from '../formats/digest.ts';
import { type Login, loginFor, readDockerConfig } from '../formats/docker-config.ts';
import { type Descriptor, MOST_LAYER_BYTES, MOST_MANIFEST_BYTES } from '../formats/manifest.ts';
import { MANIFEST_TYPES } from '../formats/media-types.ts';
import type { Platform } from '../formats/platform.ts';
import { placeOf, type RegistryAddress } from '../formats/registry-address.ts';
import type { ImageReference } from '../image.ts';
import { readImage, type StoredManifest } from '../image-reading.ts';
import type { PulledImage, Puller, PullOptions } from '../puller.ts';
import { type Manner, unexpected, whole } from './asking.ts';
import { blobBytes } from './blob-download.ts';
import { Session } from './session.ts';

export interface RegistryOptions extends Manner {
  /** For images whose names have no registry. */
  readonly address: RegistryAddress;
  /** Those of the agent. */
  readonly logins: readonly Login[];
  readonly platform: Platform;
}

export class RegistryPuller implements Puller {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async manifest(
    reference: ImageReference,
    { credentials, known, abort }: PullOptions,
  ): Promise<PulledImage> {
    const { address: usual, logins, platform } = this.#options;
    const own = credentials === undefined ? [] : readDockerConfig(credentials);
    const { address, repository } = placeOf(reference, usual);
    const login = loginFor(address.host, [own, logins]);
    const session = new Session(this.#options, address, repository, login);
    const { text, tag, digest } = reference;
    const store = {
      manifest: (entry: Descriptor) => fetchManifest(session, text, entry.digest, abort),
      config: (config: Descriptor) => fetchConfig(session, text, config, abort),
    };
    const manifest = await withHint(session, async () => {
      const first = await fetchManifest(session, text, digest ?? tag ?? 'latest', abort);
      return await readImage(text, first, store, platform, known);
    });
    return {
      manifest,
      download: (layer, path, abort, arrived) => {
        const blob = { ...layer, name: `layer '${layer.digest}'`, most: MOST_LAYER_BYTES };
        return storeBlob(blobBytes(session, blob, abort), path, abort, arrived);
      },
      [Symbol.dispose]: () => {},
    };
  }
}

async function withHint<T>(session: Session, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ContainerizerError && session.hint !== undefined
      ? new ContainerizerError(`${error.message} (${session.hint})`, { cause: error })
      : error;
  }
}

/** `wanted`: a tag or digest. */
async function fetchManifest(
  session: Session,
  name: string,
  wanted: string,
  abort: AbortSignal,
): Promise<StoredManifest> {
  const accept = MANIFEST_TYPES.join(', ');
  const answer = await session.get(`manifests/${wanted}`, { accept }, abort);
  try {
    if (answer.status !== 200) {
      throw unexpected(answer.status, 'to get the manifest');
    }
    const { 'content-type': type, 'docker-content-digest': said } = answer.headers;
    if (type === undefined) {
      throw new ContainerizerError('No Content-Type present');
    }
    const bytes = await whole(answer, MOST_MANIFEST_BYTES, `The manifest of image '${name}'`);
    return { bytes, type, digests: [wanted, said].filter(isDigest) };
  } finally {
    answer.close();
  }
}

async function fetchConfig(
  session: Session,
  image: string,
  config: Descriptor,
  abort: AbortSignal,
): Promise<Uint8Array> {
  const name = `the config of image '${image}'`;
  const blob = { ...config, urls: [], most: config.size, name };
  return await buffer(blobBytes(session, blob, abort));
}
