// Manifests of docker before version 1.10 (schema 1): the config is in them, as text, and what
// signs them is not part of what their digest is of.
import { parseBoundedJson } from '../../../wire/json-text.ts';
import type { ImageConfig, LayerDescriptor } from '../image.ts';
import { digestOf } from './digest.ts';
import { bytesOf, countOf, type Fields, FormatError, fieldsOf, listOf, textOf } from './fields.ts';
import { configOf } from './image-config.ts';

export interface SchemaOne {
  readonly kind: 'schema one';
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly LayerDescriptor[];
  /** What the digest is of. */
  readonly payload: Payload | undefined;
}

/** The first bytes of the manifest, and the text that follows them; undefined: all of it. */
export interface Payload {
  readonly length: number;
  readonly tail: Uint8Array;
}

export function readSchemaOne(fields: Fields, mostLayers: number): SchemaOne {
  const layers = listOf(fields.fsLayers, 'fsLayers');
  const history = listOf(fields.history, 'history');
  if (fields.schemaVersion !== undefined && fields.schemaVersion !== 1) {
    throw new FormatError("'schemaVersion' field must be 1");
  }
  if (layers.length === 0) {
    throw new FormatError("'fsLayers' field size must be at least one");
  }
  if (layers.length > mostLayers) {
    throw new FormatError(`an image has at most ${mostLayers} layers, not ${layers.length}`);
  }
  if (history.length === 0) {
    throw new FormatError("'history' field size must be at least one");
  }
  if (layers.length !== history.length) {
    throw new FormatError("The size of 'fsLayers' should be equal to the size of 'history'");
  }
  const digests = layers.map((layer, i) =>
    digestOf(fieldsOf(layer, `fsLayers[${i}]`).blobSum, `fsLayers[${i}].blobSum`),
  );
  const place = 'history[0].v1Compatibility';
  const top = fieldsOf(
    parseBoundedJson(textOf(fieldsOf(history[0], 'history[0]').v1Compatibility, place)),
    place,
  );
  return {
    kind: 'schema one',
    config: configOf(top.config, `${place}.config`),
    layers: digests
      .map((digest) => ({ digest, size: undefined, diffId: undefined, urls: [] }))
      .reverse(),
    payload: payloadOf(fields),
  };
}

/** A signature says in its `protected` part where what it signs ends, and how. */
function payloadOf(fields: Fields): Payload | undefined {
  const [signature] = listOf(fields.signatures, 'signatures');
  if (signature === undefined) {
    return undefined;
  }
  const place = 'signatures[0].protected';
  const text = bytesOf(textOf(fieldsOf(signature, 'signatures[0]').protected, place), place);
  const { formatLength, formatTail } = fieldsOf(
    parseBoundedJson(new TextDecoder().decode(text)),
    place,
  );
  return {
    length: countOf(formatLength, `${place}.formatLength`),
    tail: bytesOf(textOf(formatTail, `${place}.formatTail`), `${place}.formatTail`),
  };
}
