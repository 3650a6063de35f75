// Images of a static busybox, each a folder for every container that asks for it: the part of a
// provisioner for tests of what is made of root file systems.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ContainerizerError } from '../../src/containerizer/containerizer-error.ts';
import type { ImageConfig } from '../../src/containerizer/images/image.ts';
import type { ProvisionedImage, Provisioner } from '../../src/containerizer/images/provisioner.ts';
import { containerFolder } from '../../src/model/container-id.ts';
import type { Image } from '../../src/model/generated/messages.ts';
import type { ContainerId } from '../../src/model/ids.ts';

const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'].find(existsSync) ?? 'busybox';
const APPLETS = [
  'sh',
  'ls',
  'cat',
  'id',
  'env',
  'stat',
  'readlink',
  'sleep',
  'touch',
  'mkdir',
  'grep',
];

export const EMPTY_CONFIG: ImageConfig = {
  entrypoint: [],
  command: [],
  environment: [],
  workingDirectory: undefined,
  user: undefined,
  volumes: [],
  labels: {},
  stopSignal: undefined,
};

export interface FolderImage extends Partial<ImageConfig> {
  /** By path; a link where it begins with `->`. */
  readonly files?: Readonly<Record<string, string>>;
}

export class FolderImages implements Provisioner {
  readonly #folder: string;
  readonly #images: Readonly<Record<string, FolderImage>>;

  constructor(folder: string, images: Readonly<Record<string, FolderImage>>) {
    this.#folder = join(folder, 'provisioner');
    this.#images = images;
  }

  async provision(id: ContainerId, name: string, image: Image): Promise<ProvisionedImage> {
    const found = this.#images[image.docker?.name ?? ''];
    if (found === undefined) {
      throw new ContainerizerError('there is no such image');
    }
    const { files = {}, ...config } = found;
    const path = join(this.#of(id), name);
    mkdirSync(join(path, 'bin'), { recursive: true });
    cpSync(BUSYBOX, join(path, 'bin/busybox'));
    chmodSync(join(path, 'bin/busybox'), 0o755);
    for (const applet of APPLETS) {
      symlinkSync('busybox', join(path, 'bin', applet));
    }
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      if (text.startsWith('->')) {
        symlinkSync(text.slice(2), join(path, file));
      } else {
        writeFileSync(join(path, file), text);
      }
    }
    return {
      type: 'docker',
      config: { ...EMPTY_CONFIG, ...config },
      root: { kind: 'folder', path, isReadOnly: false },
    };
  }

  async destroy(id: ContainerId): Promise<void> {
    rmSync(this.#of(id), { recursive: true, force: true });
  }

  async recover(): Promise<void> {}

  async prune(): Promise<void> {}

  metrics(): Record<string, number> {
    return {};
  }

  #of(id: ContainerId): string {
    return join(this.#folder, containerFolder(id, 'containers'));
  }
}
