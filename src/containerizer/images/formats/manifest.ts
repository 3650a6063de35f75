// Manifests of docker (schema 2) and of the Open Container Initiative, and their indexes of images
// for several platforms. The errors for manifests of docker are in the words of Mesos.

import { WireError } from '../../../wire/wire-error.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { LayerDescriptor } from '../image.ts';
import { digestOf } from './digest.ts';
import {
  countOf,
  type Fields,
  FormatError,
  fieldsOf,
  jsonOf,
  listOf,
  optionalFields,
  optionalText,
  textOf,
  textsOf,
} from './fields.ts';
import {
  bareType,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  LAYER_TYPES,
  OCI_INDEX,
  OCI_MANIFEST,
  SCHEMA_ONE,
  SIGNED_SCHEMA_ONE,
} from './media-types.ts';
import { readSchemaOne, type SchemaOne } from './schema-one.ts';

export const MOST_MANIFEST_BYTES = 4 * 2 ** 20;
/** So many layers the kernel's overlay file system can stack. */
export const MOST_LAYERS = 500;
export const MOST_LAYER_BYTES = 64 * 2 ** 30;
/** Places besides the registry that are tried for one layer. */
const MOST_URLS = 8;

/** Where something is found by its digest. */
export interface Descriptor {
  readonly type: string;
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

export interface IndexEntry extends Descriptor {
  readonly os: string | undefined;
  readonly architecture: string | undefined;
  readonly variant: string | undefined;
  /** The name or tag that an archive has for the image. */
  readonly name: string | undefined;
}

export interface SchemaTwo {
  readonly kind: 'schema two';
  readonly config: Descriptor;
  /** Lowest first; what the config says of them is not there yet. */
  readonly layers: readonly LayerDescriptor[];
}

export interface ImageIndex {
  readonly kind: 'index';
  readonly entries: readonly IndexEntry[];
}

export type Manifest = ImageIndex | SchemaTwo | SchemaOne;

interface Format {
  /** In "Failed to parse the ...". */
  readonly name: string;
  /** Before what is wrong with a field. */
  readonly validation: string;
  readonly read: (fields: Fields, types: readonly string[]) => Manifest;
  /** The types that the manifest may give itself. */
  readonly types: readonly string[];
}

const SCHEMA_ONE_FORMAT: Format = {
  name: 'V2 Schema 1 image manifest',
  validation: 'Docker v2 image manifest validation failed: ',
  read: (fields) => readSchemaOne(fields, MOST_LAYERS),
  types: [],
};
const OCI_FORMAT: Format = {
  name: 'OCI image manifest',
  validation: 'OCI image manifest validation failed: ',
  read: readSchemaTwo,
  types: [OCI_MANIFEST],
};
const INDEX_FORMAT: Format = {
  name: 'image index',
  validation: 'Image index validation failed: ',
  read: readIndex,
  types: [DOCKER_LIST, OCI_INDEX],
};

const FORMATS: ReadonlyMap<string, Format> = new Map([
  [SCHEMA_ONE, SCHEMA_ONE_FORMAT],
  [SIGNED_SCHEMA_ONE, SCHEMA_ONE_FORMAT],
  [
    DOCKER_MANIFEST,
    {
      name: 'V2 Schema 2 image manifest',
      validation: 'Docker v2 s2 image manifest validation failed: ',
      read: readSchemaTwo,
      types: [DOCKER_MANIFEST],
    },
  ],
  [OCI_MANIFEST, OCI_FORMAT],
  [DOCKER_LIST, INDEX_FORMAT],
  [OCI_INDEX, INDEX_FORMAT],
]);

/** Of servers that know no types of manifests: what it is, the manifest itself says. */
const UNTYPED: ReadonlySet<string> = new Set([
  ...['application/json', 'application/octet-stream', 'text/plain'],
]);

/** `type`: what the registry says it is, or the index. Throws ContainerizerError. */
export function readManifest(bytes: Uint8Array, type: string): Manifest {
  const bare = bareType(type);
  const known = FORMATS.get(bare);
  if (known === undefined && !UNTYPED.has(bare)) {
    throw new ContainerizerError(`Unsupported manifest MIME type: ${type}`);
  }
  let format = known ?? SCHEMA_ONE_FORMAT;
  try {
    const fields = fieldsOf(jsonOf(bytes), 'manifest');
    format = known ?? formatOf(fields);
    return format.read(fields, format.types);
  } catch (error) {
    if (error instanceof FormatError) {
      throw new ContainerizerError(
        `Failed to parse the ${format.name}: ${format.validation}${error.message}`,
        { cause: error },
      );
    }
    if (error instanceof WireError) {
      throw new ContainerizerError(
        `Failed to parse the ${format.name}: JSON parse failed: ${error.message}`,
        { cause: error },
      );
    }
    throw error;
  }
}

function formatOf(fields: Fields): Format {
  const type = optionalText(fields.mediaType, 'mediaType');
  const known = FORMATS.get(type ?? '');
  if (known !== undefined) {
    return known;
  }
  if (type !== undefined) {
    throw new ContainerizerError(`Unsupported manifest MIME type: ${type}`);
  }
  return fields.manifests !== undefined
    ? INDEX_FORMAT
    : fields.layers !== undefined
      ? OCI_FORMAT
      : SCHEMA_ONE_FORMAT;
}

/** Nobody may take for an index what is an image for another reader, or the other way round. */
function checkKind(fields: Fields, types: readonly string[], foreign: readonly string[]): void {
  if (fields.schemaVersion !== 2) {
    throw new FormatError("'schemaVersion' field must be 2");
  }
  const type = optionalText(fields.mediaType, 'mediaType');
  const mustBeThere = types.includes(DOCKER_MANIFEST);
  if (type === undefined ? mustBeThere : !types.includes(type)) {
    throw new FormatError(`'mediaType' field must be '${types.join("' or '")}'`);
  }
  const other = foreign.find((name) => fields[name] !== undefined);
  if (other !== undefined) {
    throw new FormatError(`there must be no field '${other}'`);
  }
}

function readSchemaTwo(fields: Fields, types: readonly string[]): SchemaTwo {
  const layers = listOf(fields.layers, 'layers');
  if (layers.length === 0) {
    throw new FormatError("'layers' field size must be at least one");
  }
  if (layers.length > MOST_LAYERS) {
    throw new FormatError(`an image has at most ${MOST_LAYERS} layers, not ${layers.length}`);
  }
  const config = descriptorOf(fieldsOf(fields.config, 'config'), 'config');
  const read = layers.map((layer, i) => layerOf(layer, `layers[${i}]`));
  checkKind(fields, types, ['manifests', 'fsLayers']);
  return { kind: 'schema two', config, layers: read };
}

function readIndex(fields: Fields, types: readonly string[]): ImageIndex {
  const entries = listOf(fields.manifests, 'manifests');
  if (entries.length === 0) {
    throw new FormatError("'manifests' field size must be at least one");
  }
  checkKind(fields, types, ['layers', 'config', 'fsLayers']);
  return { kind: 'index', entries: entries.map((each, i) => entryOf(each, `manifests[${i}]`)) };
}

const descriptorOf = (fields: Fields, place: string): Descriptor => ({
  type: bareType(textOf(fields.mediaType, `${place}.mediaType`)),
  digest: digestOf(fields.digest, `${place}.digest`),
  size: countOf(fields.size, `${place}.size`),
});

function entryOf(value: unknown, place: string): IndexEntry {
  const fields = fieldsOf(value, place);
  const part = (name: string) => optionalFields(fields[name], `${place}.${name}`);
  const platform = part('platform');
  const annotations = part('annotations');
  const text = (name: string) => optionalText(platform[name], `${place}.platform.${name}`);
  const note = (name: string) => optionalText(annotations[name], `${place}.annotations.${name}`);
  return {
    ...descriptorOf(fields, place),
    os: text('os'),
    architecture: text('architecture'),
    variant: text('variant'),
    name: note('io.containerd.image.name') ?? note('org.opencontainers.image.ref.name'),
  };
}

function layerOf(value: unknown, place: string): LayerDescriptor {
  const fields = fieldsOf(value, place);
  const { type, digest, size } = descriptorOf(fields, place);
  if (!LAYER_TYPES.has(type)) {
    throw new FormatError(`'${place}.mediaType' is '${type}', which is no layer of files`);
  }
  if (size > MOST_LAYER_BYTES) {
    throw new FormatError(`'${place}.size' is more than ${MOST_LAYER_BYTES} bytes`);
  }
  const urls = textsOf(fields.urls, `${place}.urls`);
  return { digest, size, diffId: undefined, urls: urls.slice(0, MOST_URLS) };
}
