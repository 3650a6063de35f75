// What flags say of images: where they come from, how they are kept, and what containers have of
// them.
import { lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, normalize, resolve } from 'node:path';
import type { BackendName } from '../../containerizer/images/backends/backends.ts';
import type { CollectionRules } from '../../containerizer/images/collection.ts';
import { readDiscoveryPrefix } from '../../containerizer/images/formats/appc-name.ts';
import { type Login, readDockerConfig } from '../../containerizer/images/formats/docker-config.ts';
import {
  type DockerSource,
  parseDockerSource,
} from '../../containerizer/images/formats/registry-address.ts';
import { type Mirror, parseMirror } from '../../containerizer/images/formats/registry-mirrors.ts';
import type { ImageSupport, ImageTypeName } from '../../containerizer/plan/images.ts';
import { WorkDirectory } from '../../containerizer/work-directory.ts';
import { type Image, Image_Type } from '../../model/generated/messages.ts';
import { types } from '../../wire/types.ts';
import { FlagError, readEach } from '../flags/faults.ts';
import { fromPlan, messageOf } from '../flags/written.ts';
import { folderHolder } from '../process/folder-lock.ts';
import { writableFolder } from '../process/writable-folder.ts';
import { IMAGE_PROVIDERS } from './image-flags.ts';
import type { AgentFlagValues } from './options.ts';

export interface ImageSettings {
  readonly support: ImageSupport;
  readonly source: DockerSource;
  /** The operator's; those of an image come first. */
  readonly logins: readonly Login[];
  readonly mirrors: readonly Mirror[];
  /** The folder in which registries have certificates. */
  readonly certificates: string;
  /** What comes before the names of App Container images. */
  readonly discoveryPrefix: string;
  /** Absolute paths; the folders exist, and nobody else can change them. */
  readonly stores: ReadonlyMap<ImageTypeName, string>;
  readonly backend: 'auto' | BackendName;
  /** Undefined: images stay until somebody prunes them. */
  readonly collection: CollectionRules | undefined;
}

/** Undefined where no container has an image. Throws FlagError. */
export function imageSettings(values: AgentFlagValues, workDir: string): ImageSettings | undefined {
  const { image_providers: providers, image_provisioner_backend: backend = 'auto' } = values;
  const sandboxDirectory = sandboxDirectoryOf(values.sandbox_directory);
  if (providers === undefined && !values.containerizers.includes('docker')) {
    return undefined;
  }
  const types = typesOf(providers ?? []);
  // Containers of type DOCKER have images whatever the providers.
  const stored = values.containerizers.includes('docker') ? (['DOCKER', ...types] as const) : types;
  return {
    support: { types, sandboxDirectory },
    source: sourceOf(values.docker_registry),
    logins: loginsOf(values.docker_config),
    mirrors: readEach(values.docker_registry_mirrors, mirrorOf),
    certificates: resolve(values.docker_certs_dir),
    discoveryPrefix: prefixOf(values.appc_simple_discovery_uri_prefix),
    stores: storesOf(new Set(stored), values, workDir),
    // The kernel's aufs is no more; overlay does the same.
    backend: backend === 'aufs' ? 'overlay' : backend,
    collection: values.image_gc_config === undefined ? undefined : rulesOf(values.image_gc_config),
  };
}

const typesOf = (providers: readonly string[]) =>
  IMAGE_PROVIDERS.filter((name) => providers.some((it) => it.toUpperCase() === name));

/** What a container's own file systems are mounted on, or below. */
const TAKEN = ['proc', 'sys', 'dev'];

function sandboxDirectoryOf(path: string): string {
  const names = path.split('/').filter(Boolean);
  if (!isAbsolute(path) || names.length === 0 || names.includes('..') || path.includes('\0')) {
    throw new FlagError(
      `--sandbox_directory expects an absolute path without '..' such as /mnt/mesos/sandbox, got '${path}'`,
    );
  }
  if (TAKEN.includes(names[0] ?? '')) {
    throw new FlagError(
      `--sandbox_directory: '${path}' is in /${names[0]}, of which a container with an image has its own`,
    );
  }
  return normalize(`/${names.join('/')}`);
}

function sourceOf(text: string): DockerSource {
  const source = parseDockerSource(text);
  if ('problem' in source) {
    throw new FlagError(`--docker_registry: ${source.problem}`);
  }
  return source;
}

/** Who leaves logins to programs may expect that these are asked. */
export function helperWarnings(logins: readonly Login[]): string[] {
  const names = new Set(logins.flatMap(({ helper }) => (helper === undefined ? [] : [helper])));
  return [...names].map(
    (name) =>
      `--docker_config leaves logins to the credential helper '${name}', which is not asked: ` +
      "images come by those in 'auths', or by none",
  );
}

function mirrorOf(text: string): Mirror {
  const mirror = parseMirror(text);
  if ('problem' in mirror) {
    throw new FlagError(`--docker_registry_mirrors: ${mirror.problem}`);
  }
  return mirror;
}

const loginsOf = (config: unknown): readonly Login[] =>
  config === undefined
    ? []
    : fromPlan('docker_config', () => readDockerConfig(Buffer.from(JSON.stringify(config))));

function prefixOf(text: string): string {
  const prefix = readDiscoveryPrefix(text);
  if (typeof prefix !== 'string') {
    throw new FlagError(`--appc_simple_discovery_uri_prefix: ${prefix.problem}`);
  }
  return prefix;
}

const STORE_FLAGS = { DOCKER: 'docker_store_dir', APPC: 'appc_store_dir' } as const;

type StoreFlag = (typeof STORE_FLAGS)[ImageTypeName];

/** Where the stores are without these flags. */
export function usualStores(workDir: string): Readonly<Record<StoreFlag, string>> {
  const places = new WorkDirectory(workDir);
  return { docker_store_dir: places.images('docker'), appc_store_dir: places.images('appc') };
}

function storesOf(
  types: ReadonlySet<ImageTypeName>,
  values: AgentFlagValues,
  workDir: string,
): ReadonlyMap<ImageTypeName, string> {
  const usual = usualStores(workDir);
  const given = { DOCKER: values.docker_store_dir, APPC: values.appc_store_dir };
  const folders = new Map<string, string>();
  const stores = new Map<ImageTypeName, string>();
  for (const type of types) {
    const flag = STORE_FLAGS[type];
    const asked = given[type];
    const folder = safeFolder(flag, asked ?? usual[flag]);
    const place = realpathSync(folder);
    const other = folders.get(place);
    if (other !== undefined) {
      throw new FlagError(`--${flag}: ${folder} is that of --${other}, too: each needs its own`);
    }
    folders.set(place, flag);
    // One outside of the work directory, which is locked, may be another agent's.
    const holder = asked === undefined ? undefined : folderHolder(folder);
    if (holder !== undefined) {
      throw new FlagError(`--${flag}: ${folder} is in use by another agent (${holder})`);
    }
    stores.set(type, folder);
  }
  return stores;
}

function safeFolder(flag: string, path: string): string {
  const folder = writableFolder(flag, path, 0o700);
  const own = process.geteuid?.();
  for (let way = realpathSync(folder); ; way = dirname(way)) {
    const { uid, mode } = lstatSync(way);
    const isSticky = (mode & 0o1000) !== 0;
    if ((uid !== 0 && uid !== own) || ((mode & 0o022) !== 0 && !isSticky)) {
      throw new FlagError(
        `--${flag}: others can change what is in '${way}', and with it what containers run`,
      );
    }
    if (way === '/') {
      return folder;
    }
  }
}

interface GcConfig {
  readonly image_disk_headroom?: unknown;
  readonly image_disk_watch_interval?: { readonly nanoseconds?: unknown };
  readonly excluded_images?: unknown;
}

const FORM =
  '{"image_disk_headroom": 0.1, "image_disk_watch_interval": {"nanoseconds": 3600000000000}, "excluded_images": []}';
const FIELDS = ['image_disk_headroom', 'image_disk_watch_interval', 'excluded_images'];

function rulesOf(value: unknown): CollectionRules {
  const expected = (what: string) => new FlagError(`--image_gc_config: ${what} in ${FORM}`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw expected('expected an object as');
  }
  const unknown = Object.keys(value).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw expected(`'${unknown}' is no field as`);
  }
  const config = value as GcConfig;
  const headroom = config.image_disk_headroom;
  if (typeof headroom !== 'number' || !(headroom >= 0 && headroom <= 1)) {
    throw expected("'image_disk_headroom' must be a number from 0 to 1, as");
  }
  const nanoseconds = Number(config.image_disk_watch_interval?.nanoseconds);
  if (!(nanoseconds >= NS_PER_MS)) {
    throw expected("'image_disk_watch_interval.nanoseconds' must be at least a millisecond, as");
  }
  const excluded = config.excluded_images ?? [];
  if (!Array.isArray(excluded)) {
    throw expected("'excluded_images' must be a list, as");
  }
  return {
    headroom,
    watchIntervalMs: nanoseconds / NS_PER_MS,
    excluded: readEach([...excluded.entries()], ([index, image]) => imageOf(image, index)),
  };
}

const NS_PER_MS = 1_000_000;

function imageOf(value: unknown, index: number): Image {
  const place = `.excluded_images[${index}]`;
  const image = messageOf('image_gc_config', types.Image, value, place);
  const isNamed = image.type === Image_Type.APPC ? image.appc : image.docker;
  if (isNamed === undefined) {
    throw new FlagError(
      `--image_gc_config${place} expects {"type": "DOCKER", "docker": {"name": …}} or ` +
        '{"type": "APPC", "appc": {"name": …}}',
    );
  }
  return image;
}
