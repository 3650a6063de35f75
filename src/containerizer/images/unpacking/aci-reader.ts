// What the entries of an App Container image mean: a file `manifest`, and below `rootfs` the files
// of a layer. What else there is, is not a part of the image.
import { MOST_ACI_MANIFEST_BYTES } from '../formats/appc-manifest.ts';
import type { LayerReader } from './layer-reader.ts';
import type { SparsePiece } from './sparse.ts';
import { TarError } from './tar-error.ts';
import { type ByteText, shown, type TarEntry, type TarSink } from './tar-reader.ts';

const ROOT = 'rootfs';
const MANIFEST = 'manifest';

export class AciReader implements TarSink {
  readonly #layer: LayerReader;
  #manifest: Buffer[] | undefined;
  #takes: 'manifest' | 'layer' | undefined;
  #hasRoot = false;

  /** `layer` gets all that is below `rootfs`. */
  constructor(layer: LayerReader) {
    this.#layer = layer;
  }

  /** Throws TarError. */
  entry(entry: TarEntry): void {
    const [top = '', ...below] = partsOf(entry.name);
    this.#takes = undefined;
    if (top === ROOT) {
      this.#hasRoot = true;
      this.#takes = 'layer';
      this.#layer.entry({
        ...entry,
        name: below.join('/'),
        target: entry.kind === 'hard link' ? this.#inRoot(entry) : entry.target,
      });
    } else if (top === MANIFEST && below.length === 0) {
      this.#begin(entry);
    }
  }

  piece(piece: SparsePiece): void {
    if (this.#takes === 'layer') {
      this.#layer.piece(piece);
    }
  }

  content(bytes: Buffer): void {
    if (this.#takes === 'layer') {
      this.#layer.content(bytes);
    } else if (this.#takes === 'manifest') {
      // What is pushed next may be in the same place.
      this.#manifest?.push(Buffer.from(bytes));
    }
  }

  /** After the last entry: the manifest. Throws TarError. */
  end(): string {
    if (this.#manifest === undefined || !this.#hasRoot) {
      const missing = this.#hasRoot ? "file 'manifest'" : "folder 'rootfs'";
      throw new TarError(`it is no App Container image: there is no ${missing}`);
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(this.#manifest));
    } catch (error) {
      throw new TarError('its manifest is not in UTF-8', { cause: error });
    }
  }

  #begin({ kind, size, isSparse }: TarEntry): void {
    if (kind !== 'file' || isSparse || this.#manifest !== undefined) {
      throw new TarError("its 'manifest' is no plain file, or there are several");
    }
    if (size > MOST_ACI_MANIFEST_BYTES) {
      throw new TarError(`its manifest has more than ${MOST_ACI_MANIFEST_BYTES} bytes`);
    }
    this.#manifest = [];
    this.#takes = 'manifest';
  }

  #inRoot({ name, target }: TarEntry): ByteText {
    const [top = '', ...below] = partsOf(target);
    if (top !== ROOT) {
      throw new TarError(`'${shown(name)}' is a hard link to '${shown(target)}'`);
    }
    return below.join('/');
  }
}

const partsOf = (name: ByteText) => name.split('/').filter((part) => part !== '' && part !== '.');
