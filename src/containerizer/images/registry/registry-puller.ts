// Pulls images from registries, by the API of the OCI distribution specification, which is that of
// docker's registry.
import { rm } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ContainerizerError } from '../../containerizer-error.ts';
import { storeBlob } from '../blob-file.ts';
import { isDigest } from '../formats/digest.ts';
import { type Login, loginFor, readDockerConfig } from '../formats/docker-config.ts';
import { type Descriptor, MOST_LAYER_BYTES, MOST_MANIFEST_BYTES } from '../formats/manifest.ts';
import { MANIFEST_TYPES } from '../formats/media-types.ts';
import type { Platform } from '../formats/platform.ts';
import { placeOf, type RegistryAddress } from '../formats/registry-address.ts';
import { type Mirror, mirrorsOf } from '../formats/registry-mirrors.ts';
import type { ImageReference } from '../image.ts';
import { readImage, type StoredManifest } from '../image-reading.ts';
import type { PulledImage, Puller, PullOptions } from '../puller.ts';
import { type Manner, unexpected, whole } from './asking.ts';
import { blobBytes } from './blob-download.ts';
import { atFirst, type Place, Rests } from './mirrored.ts';
import { Session } from './session.ts';

export interface RegistryOptions extends Manner {
  /** For images whose names have no registry. */
  readonly address: RegistryAddress;
  /** Those of the agent. */
  readonly logins: readonly Login[];
  readonly mirrors?: readonly Mirror[] | undefined;
  readonly platform: Platform;
}

/** A mirror that is mute for longer is not waited for: there is the registry. */
const MIRROR_STALL_MS = 10_000;

export class RegistryPuller implements Puller {
  readonly #options: RegistryOptions;
  readonly #rests = new Rests();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  async manifest(
    reference: ImageReference,
    { credentials, known, abort }: PullOptions,
  ): Promise<PulledImage> {
    const { platform } = this.#options;
    const { text, tag, digest } = reference;
    const read = async ({ session }: Place) => {
      const store = {
        manifest: (entry: Descriptor) => fetchManifest(session, text, entry.digest, abort),
        config: (config: Descriptor) => fetchConfig(session, text, config, abort),
      };
      return await withHint(session, async () => {
        const first = await fetchManifest(session, text, digest ?? tag ?? 'latest', abort);
        return await readImage(text, first, store, platform, known);
      });
    };
    const places = this.#placesOf(reference, credentials);
    const { result, left } = await atFirst(places, this.#rests, read);
    return {
      manifest: result,
      download: async (layer, path, abort, arrived) => {
        const blob = { ...layer, name: `layer '${layer.digest}'`, most: MOST_LAYER_BYTES };
        await atFirst(left, this.#rests, async ({ session, mirror }) => {
          const before = arrived?.count ?? 0;
          try {
            await storeBlob(blobBytes(session, blob, abort), path, abort, arrived);
          } catch (error) {
            if (mirror !== undefined) {
              await rm(path, { force: true });
              arrived?.add(before - arrived.count);
            }
            throw error;
          }
        });
      },
      [Symbol.dispose]: () => {},
    };
  }

  /** Each is asked by its own login: that of the registry is nothing for its mirrors. */
  #placesOf(reference: ImageReference, credentials: Uint8Array | undefined): readonly Place[] {
    const { address: usual, logins, mirrors = [], stallMs } = this.#options;
    const own = credentials === undefined ? [] : readDockerConfig(credentials);
    const loginOf = ({ host }: RegistryAddress) => loginFor(host, [own, logins]);
    const { address, repository } = placeOf(reference, usual);
    const hurried = { ...this.#options, stallMs: Math.min(stallMs, MIRROR_STALL_MS) };
    const places = mirrorsOf(address.host, mirrors).map((mirror): Place => {
      const name = mirror.prefix + repository;
      const { scheme, host } = mirror.address;
      return {
        session: new Session(hurried, mirror.address, name, loginOf(mirror.address)),
        mirror: `${scheme}://${host}/${mirror.prefix}`,
      };
    });
    const session = new Session(this.#options, address, repository, loginOf(address));
    return [...places, { session, mirror: undefined }];
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
  const path = `manifests/${wanted}`;
  const answer = await session.get(path, { accept }, abort);
  try {
    if (answer.status !== 200) {
      throw unexpected(answer.status, `to get the manifest from '${session.urlOf(path)}'`);
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
