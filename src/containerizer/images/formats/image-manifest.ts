// An image as the rest of the agent knows it: of a manifest and, where that has none, its config.
import { ContainerizerError } from '../../containerizer-error.ts';
import type { ImageManifest, LayerDescriptor } from '../image.ts';
import type { ConfigFile } from './image-config.ts';
import type { SchemaTwo } from './manifest.ts';
import { CONFIG_TYPES } from './media-types.ts';
import { withoutRepeated } from './repeated-layers.ts';
import type { SchemaOne } from './schema-one.ts';

const contentOf = ({ diffId, digest }: LayerDescriptor) => diffId ?? digest;

/** What its layers have in them is not said again. */
export const imageOfKnown = (
  { digest, config }: Pick<ImageManifest, 'digest' | 'config'>,
  layers: readonly LayerDescriptor[],
): ImageManifest => ({ digest, config, layers: withoutRepeated(layers, contentOf) });

export const imageOfSchemaOne = (digest: string, { config, layers }: SchemaOne): ImageManifest =>
  imageOfKnown({ digest, config }, layers);

/** What else is stored in registries (charts, signatures) has configs of other types. */
export function checkConfigType({ config }: SchemaTwo): void {
  if (!CONFIG_TYPES.has(config.type)) {
    throw new ContainerizerError(
      `This is no image of a container: the type of its config is '${config.type}'`,
    );
  }
}

/** Throws ContainerizerError. */
export function imageOfSchemaTwo(
  digest: string,
  layers: readonly LayerDescriptor[],
  { config, os, diffIds }: ConfigFile,
): ImageManifest {
  if (os !== undefined && os !== 'linux') {
    throw new ContainerizerError(`The image is for the system '${os}', not for linux`);
  }
  if (diffIds !== undefined && diffIds.length !== layers.length) {
    throw new ContainerizerError(
      `The image's manifest has ${layers.length} layers, and its config ${diffIds.length}`,
    );
  }
  return imageOfKnown(
    { digest, config },
    layers.map((layer, i) => ({ ...layer, diffId: diffIds?.[i] })),
  );
}
