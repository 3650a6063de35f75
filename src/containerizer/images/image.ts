// What an image is, wherever it comes from: its name, what it says about the container, and its
// layers.

/** The name of an image, in its parts. */
export interface ImageReference {
  /** Host and port, as in `quay.io` or `localhost:5000`; undefined for the default registry. */
  readonly registry: string | undefined;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:` and 64 digits; decides, where there is a tag as well. */
  readonly digest: string | undefined;
  /** The name as it was asked for. */
  readonly text: string;
}

/** What is taken of what an image says about containers made of it. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Each `NAME=VALUE`. */
  readonly environment: readonly string[];
  readonly workingDirectory: string | undefined;
  /**
   * `USER` or `USER:GROUP`, empty where it names none; absent of images that an earlier version has
   * pulled.
   */
  readonly user?: string | undefined;
  /** The name or number of the signal that asks its process to end. */
  readonly stopSignal?: string | undefined;
  /**
   * The folders that it declares as volumes, which it need not have; absent of images that an
   * earlier version has pulled.
   */
  readonly volumes?: readonly string[] | undefined;
}

export interface LayerDescriptor {
  /** Of the blob as it is stored in the registry or archive: `sha256:` and 64 digits. */
  readonly digest: string;
  /** Of the blob, in bytes; manifests of schema 1 do not say. */
  readonly size: number | undefined;
  /** The digest of the uncompressed layer; configs of schema 1 do not say. */
  readonly diffId: string | undefined;
  /** Where else the blob can be had, if not in the registry. */
  readonly urls: readonly string[];
}

export interface ImageManifest {
  /** Of the manifest's bytes: `sha256:` and 64 digits. */
  readonly digest: string;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly LayerDescriptor[];
}
