// How images of Docker and OCI come into the store: the manifest is asked for, and of its layers
// those that are missing are downloaded, beside each other.
import {
  type Image,
  Image_Type,
  type Secret,
  Secret_Type,
} from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import { Slots } from '../downloads/slots.ts';
import { bareName, canonicalName, parseReference } from './formats/reference.ts';
import { withoutRepeated } from './formats/repeated-layers.ts';
import type { ImageReference, LayerDescriptor } from './image.ts';
import type { KnownImage, PulledImage, Puller } from './puller.ts';
import { SharedWork } from './shared-work.ts';
import { accessWith, admits } from './store/access.ts';
import { diffIdsOf, type ImageRecords, type StoredLayer } from './store/image-records.ts';
import type { ImageRequest, ImageSource, StoredImage, StoreParts } from './store/image-source.ts';
import type { RunningPull } from './store/running-pulls.ts';

/** Images whose manifest is asked for at once, and those of one registry; half for one owner. */
const MOST_ASKED = 64;
const MOST_OF_REGISTRY = 12;

export class DockerImages implements ImageSource {
  readonly type = Image_Type.DOCKER;
  readonly #puller: Puller;
  readonly #pulls = new SharedWork<StoredImage>();
  readonly #questions = new Slots(MOST_ASKED, MOST_OF_REGISTRY);

  constructor(puller: Puller) {
    this.#puller = puller;
  }

  request(image: Image): ImageRequest {
    const { docker } = image;
    if (image.type !== Image_Type.DOCKER || docker === undefined) {
      throw new ContainerizerError("Unsupported container image: expecting one with 'docker'");
    }
    const reference = parseReference(docker.name);
    const credentials = credentialsIn(docker.config);
    const name = canonicalName(reference);
    return {
      name,
      text: docker.name,
      credentials,
      pull: (parts, owner, abort) =>
        this.#pull({ name, reference, credentials, owner }, parts, abort),
    };
  }

  #pull(asked: Asked, parts: StoreParts, abort: AbortSignal): Promise<StoredImage> {
    const { name, reference, credentials, owner } = asked;
    // Others ask by themselves: they are not to wait until it is the turn of this owner.
    const key = JSON.stringify([name, loginText(credentials), owner]);
    return this.#pulls.run({ key, owner }, abort, async (shared, owners) => {
      using running = parts.pulls.begin(name);
      const known = await knownImage(parts.records, name);
      const options = { credentials, known, owner, abort: shared };
      const use = { host: reference.registry ?? '', owners };
      using pulled = await this.#questions.run(use, shared, () =>
        this.#puller.manifest(reference, options),
      );
      running.has(pulled.manifest.layers);
      return await store(asked, { pulled, running }, parts, shared);
    });
  }
}

interface Asked {
  /** As the store has it. */
  readonly name: string;
  readonly reference: ImageReference;
  readonly credentials: Uint8Array | undefined;
  /** For whom, such as a framework. */
  readonly owner: string;
}

function credentialsIn(secret: Secret | undefined): Uint8Array | undefined {
  if (secret === undefined) {
    return undefined;
  }
  if (secret.type !== Secret_Type.VALUE || secret.value === undefined) {
    throw new ContainerizerError(
      "The image's 'docker.config' is no secret by value, and this agent resolves no others: it runs without --secret_resolver",
    );
  }
  return secret.value.data;
}

const loginText = (credentials: Uint8Array | undefined) =>
  Buffer.from(credentials ?? []).toString('base64');

/** Who has pulled it does not matter: it is taken only for who is given its manifest. */
async function knownImage(records: ImageRecords, name: string): Promise<KnownImage | undefined> {
  const digest = records.get(name)?.digest;
  const config = digest && (await records.config(name, digest));
  return digest && config ? { digest, config } : undefined;
}

async function store(
  { name, reference, credentials, owner }: Asked,
  { pulled, running }: { readonly pulled: PulledImage; readonly running: RunningPull },
  { records, layers: layerStore }: StoreParts,
  abort: AbortSignal,
): Promise<StoredImage> {
  const { digest, config, layers } = pulled.manifest;
  const controller = new AbortController();
  const any = AbortSignal.any([abort, controller.signal]);
  const releases: (() => void)[] = [];
  const known = knownBlobs(records);
  const closed = closedLayers(records, reference, credentials);
  const provide = async (layer: LayerDescriptor): Promise<StoredLayer> => {
    try {
      const stored = await layerStore.provide(layer, known.get(layer.digest), {
        source: {
          name: reference.registry ?? '',
          owner,
          login: loginText(credentials),
          mayHave: (diffId) => !closed.has(diffId),
          bring: (it, path, signal, arrived) => pulled.download(it, path, signal, arrived),
        },
        abort: any,
      });
      releases.push(layerStore.hold([stored.diffId]));
      running.done(layer);
      return stored;
    } catch (error) {
      controller.abort(error);
      throw error;
    }
  };
  try {
    const all = await Promise.allSettled(layers.map(provide));
    abort.throwIfAborted();
    controller.signal.throwIfAborted();
    const stored = all.flatMap((it) => (it.status === 'fulfilled' ? [it.value] : []));
    const distinct = withoutRepeated(stored, ({ diffId }) => diffId);
    const before = records.get(name);
    const access = accessWith(before?.digest === digest ? before.access : [], credentials);
    const pulledMs = Date.now();
    await records.set({ name, digest, config, layers: distinct, access, pulledMs });
    return { type: Image_Type.DOCKER, name, digest, config, layers: diffIdsOf(distinct) };
  } finally {
    for (const release of releases) {
      release();
    }
  }
}

/** What the blobs of images in the store have in them, of which new manifests may not say it. */
const knownBlobs = (records: ImageRecords): ReadonlyMap<string, string> =>
  new Map(
    [...records.all().values()].flatMap(({ layers }) =>
      layers
        .filter(({ isProven }) => isProven)
        .map(({ digest, diffId }) => [digest, diffId] as const),
    ),
  );

/**
 * Layers that have come only by logins of others, and from other repositories: a manifest may name
 * any digest, so they are given to those alone who bring the blob. Who is given a manifest of a
 * repository may have all of its blobs.
 */
function closedLayers(
  records: ImageRecords,
  reference: ImageReference,
  credentials: Uint8Array | undefined,
): ReadonlySet<string> {
  const own = bareName(reference);
  const closed = new Set<string>();
  const open = new Set<string>();
  for (const [name, { access, layers }] of records.all()) {
    const isOpen = admits(access, credentials) || bareName(parseReference(name)) === own;
    for (const { diffId } of layers) {
      (isOpen ? open : closed).add(diffId);
    }
  }
  return closed.difference(open);
}
