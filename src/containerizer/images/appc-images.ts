// How images of App Container come into the store: each is one archive, at a place that follows
// from its name. Its manifest is in it, and may name other images on which it stands.
import { type Image, type Image_Appc, Image_Type } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { ByteCounter } from './byte-counter.ts';
import { type AppcManifest, readAppcManifest } from './formats/appc-manifest.ts';
import {
  type AppcName,
  appcArchitecture,
  appcText,
  discoveryPath,
  readAppcName,
} from './formats/appc-name.ts';
import { MOST_LAYERS } from './formats/manifest.ts';
import { withoutRepeated } from './formats/repeated-layers.ts';
import { accessWith } from './store/access.ts';
import type {
  ImageRequest,
  ImageSource,
  Needs,
  PullingStore,
  StoredImage,
} from './store/image-source.ts';

export interface AppcOptions {
  /** What comes before the names of images: the beginning of a URL, or of an absolute path. */
  readonly prefix: string;
  /** As Node has it in `process.arch`. */
  readonly architecture: string;
  readonly fetch: FetchAci;
}

/** Brings an archive from a URL or an absolute path into a new file. */
export type FetchAci = (
  place: string,
  path: string,
  abort: AbortSignal,
  arrived: ByteCounter,
) => Promise<void>;

/** Images that one stands on, and these on others … */
const MOST_DEEP = 16;
/** … and all of them. */
const MOST_NEEDED = 100;

interface Asked {
  readonly name: AppcName;
  readonly isCachedEnough: boolean;
  /** For whom it is pulled. */
  readonly owner: string;
}

export class AppcImages implements ImageSource {
  readonly type = Image_Type.APPC;
  readonly #options: AppcOptions;
  readonly #architecture: string;

  constructor(options: AppcOptions) {
    this.#options = options;
    this.#architecture = appcArchitecture(options.architecture);
  }

  request(image: Image): ImageRequest {
    const { appc, cached } = image;
    if (image.type !== Image_Type.APPC || appc === undefined) {
      throw new ContainerizerError("Unsupported container image: expecting one with 'appc'");
    }
    const name = this.#nameOf(appc);
    return {
      name: appcText(name),
      text: appc.name,
      credentials: undefined,
      pull: (store, owner, abort) =>
        this.#pull({ name, isCachedEnough: cached ?? true, owner }, store, abort),
    };
  }

  #nameOf(appc: Image_Appc): AppcName {
    return readAppcName(appc, this.#architecture);
  }

  async #pull(
    { name, isCachedEnough, owner }: Asked,
    store: PullingStore,
    abort: AbortSignal,
  ): Promise<StoredImage> {
    const { layers, records, needs } = store;
    requireEnd(needs);
    const { prefix, fetch } = this.#options;
    const place = `${prefix}${discoveryPath(name)}`;
    using used = new DisposableStack();
    const running = used.use(store.pulls.begin(appcText(name)));
    const blob = { digest: place, size: undefined, diffId: undefined, urls: [] };
    running.has([blob]);
    const source = {
      name: URL.parse(place)?.host ?? '',
      owner,
      bring: (path: string, shared: AbortSignal, arrived: ByteCounter) =>
        fetch(place, path, shared, arrived),
    };
    const own = await layers.provideAci(place, source, abort);
    used.defer(layers.hold([own]));
    running.done(blob);
    const { aci } = await layers.facts(own);
    if (aci === undefined) {
      throw new Error(`layer ${own} is of no App Container image`);
    }
    const manifest = readAppcManifest(aci.manifest);
    requireAsked(name, aci.id, manifest);
    const below: string[] = [];
    for (const needed of manifest.dependencies) {
      // What was pulled for the same request is not pulled again.
      const cached = isCachedEnough || needs.pulled.has(appcText(this.#nameOf(needed)));
      const image = await store.image({ type: Image_Type.APPC, appc: needed, cached });
      used.use(image);
      below.push(...image.layers);
    }
    const stacked = withoutRepeated([...below, own], (layer) => layer);
    if (stacked.length > MOST_LAYERS) {
      throw new ContainerizerError(
        `An image has at most ${MOST_LAYERS} layers, and it has ${stacked.length} with what it needs`,
      );
    }
    const { visible } = manifest;
    const all =
      visible.length === 0
        ? stacked
        : [await layers.provideVisible(stacked, visible, { owner, abort })];
    used.defer(layers.hold(all));
    const image = { name: appcText(name), digest: aci.id, config: manifest.config };
    await records.set({
      ...image,
      layers: all.map((diffId) => ({ digest: diffId, diffId })),
      access: accessWith([], undefined),
      pulledMs: Date.now(),
    });
    needs.pulled.add(image.name);
    return { ...image, type: Image_Type.APPC, layers: all };
  }
}

/** Images may need each other in a circle, or too many. */
function requireEnd({ path, pulled }: Needs): void {
  const last = path.at(-1) ?? '';
  if (path.indexOf(last) < path.length - 1) {
    throw new ContainerizerError(`It needs itself: ${path.join(' → ')}`);
  }
  if (path.length > MOST_DEEP + 1) {
    throw new ContainerizerError(
      `Images need others at most ${MOST_DEEP} deep: ${path.join(' → ')}`,
    );
  }
  if (pulled.size > MOST_NEEDED) {
    throw new ContainerizerError(`Image '${path[0]}' needs more than ${MOST_NEEDED} others`);
  }
}

/** Throws ContainerizerError where another image has come than the one that was asked for. */
function requireAsked({ name, labels, asked, id }: AppcName, found: string, of: AppcManifest) {
  if (id !== undefined && !found.startsWith(id)) {
    throw new ContainerizerError(`Its id is '${found}', and not '${id}'`);
  }
  // A manifest cannot say of itself at which port it is found.
  if (of.name !== name.replace(/^([^/]*):\d+(?=\/|$)/, '$1')) {
    throw new ContainerizerError(`The manifest there is that of image '${of.name}'`);
  }
  for (const [key, value] of labels) {
    const said = of.labels.get(key) ?? value;
    const isFree = key === 'version' && !asked.has(key);
    if (said !== value && !isFree) {
      throw new ContainerizerError(
        `The manifest there says ${key}=${said}, and ${key}=${value} was asked for`,
      );
    }
  }
  const os = labels.get('os');
  if (os !== 'linux') {
    throw new ContainerizerError(`The image is for the system '${os}', not for linux`);
  }
}
