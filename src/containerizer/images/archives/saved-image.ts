// What `docker save` writes about the images in its archive. Pure.
import { parseBoundedJson } from '../../../wire/json-text.ts';
import { fieldsOf, listOf, parsed, textOf, textsOf } from '../formats/fields.ts';
import type { ImageReference } from '../image.ts';
import { isNamed, notArchived } from './archived-name.ts';

/** Names of files in the archive. */
export interface SavedImage {
  readonly config: string;
  /** Lowest first. */
  readonly layers: readonly string[];
}

/** Of the archive's `manifest.json`. Throws ContainerizerError. */
export const chooseSaved = (bytes: Uint8Array, reference: ImageReference): SavedImage =>
  parsed("'manifest.json'", () => {
    const images = listOf(parseBoundedJson(new TextDecoder().decode(bytes)), 'manifest.json').map(
      (value, i) => {
        const fields = fieldsOf(value, `[${i}]`);
        return {
          config: textOf(fields.Config, `[${i}].Config`),
          layers: textsOf(fields.Layers, `[${i}].Layers`),
          names: textsOf(fields.RepoTags, `[${i}].RepoTags`),
        };
      },
    );
    const names = images.flatMap((image) => image.names);
    // An image that was saved without a name is named by the archive alone.
    const isAlone = images.length === 1 && names.length === 0;
    const chosen = images.find(
      (image) => isAlone || image.names.some((name) => isNamed(name, reference)),
    );
    if (chosen === undefined) {
      throw notArchived(reference, names);
    }
    return chosen;
  });
