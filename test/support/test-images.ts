// Images of a static busybox for containers of tests: in memory as a registry would have them, with
// a store and a provisioner as an agent has.

import { AciDownloads } from '../../src/containerizer/images/aci-download.ts';
import { AppcImages, type FetchAci } from '../../src/containerizer/images/appc-images.ts';
import { DockerImages } from '../../src/containerizer/images/docker-images.ts';
import type { ImageConfig } from '../../src/containerizer/images/image.ts';
import { ImageProvisioner } from '../../src/containerizer/images/image-provisioner.ts';
import { WorkDirectory } from '../../src/containerizer/work-directory.ts';
import { programs } from '../agent-driver/harness.ts';
import { type ArchiveEntry, archiveOf } from '../containerizer/images/archives.ts';
import { ImageShelf } from '../containerizer/images/image-shelf.ts';
import { busyboxLayer } from './busybox-image.ts';

export interface TestImage extends Partial<ImageConfig> {
  /** By path, besides those of busybox; a link where the text begins with `->`. */
  readonly files?: Readonly<Record<string, string>>;
}

const entryOf = ([name, text]: [string, string]): ArchiveEntry =>
  text.startsWith('->') ? { name, type: '2', target: text.slice(2) } : { name, content: text };

interface Folders {
  readonly work: string;
  /** May be that of other tests before. */
  readonly store: string;
  /** Where there may be App Container images. */
  readonly acis?: string;
}

export async function openTestImages(
  { work, store, acis = work }: Folders,
  images: Readonly<Record<string, TestImage>>,
) {
  const shelf = new ImageShelf();
  const busybox = busyboxLayer();
  for (const [name, { files = {}, ...config }] of Object.entries(images)) {
    const more = archiveOf(...Object.entries(files).map(entryOf));
    shelf.put(`${name}:latest`, [busybox, more], { config });
  }
  const downloads = new AciDownloads({ stallMs: 1, pauseMs: 1, proxies: undefined });
  const appc = {
    prefix: `${acis}/`,
    architecture: process.arch,
    fetch: (...args: Parameters<FetchAci>) => downloads.fetch(...args),
  };
  const provisioner = await ImageProvisioner.open({
    stores: [
      { source: new DockerImages(shelf), folder: store },
      { source: new AppcImages(appc), folder: `${store}-appc` },
    ],
    work: new WorkDirectory(work),
    backend: 'auto',
    programs,
    collection: undefined,
    warn: () => undefined,
  });
  const support = { types: ['DOCKER', 'APPC'], sandboxDirectory: '/mnt/mesos/sandbox' } as const;
  return { support, provisioner, shelf };
}
