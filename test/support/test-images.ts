// Images of a static busybox for containers of tests: in memory as a registry would have them, with
// a store and a provisioner as an agent has.

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

/** `store` may be that of other tests before. */
export async function openTestImages(
  { work, store }: { readonly work: string; readonly store: string },
  images: Readonly<Record<string, TestImage>>,
) {
  const shelf = new ImageShelf();
  const busybox = busyboxLayer();
  for (const [name, { files = {}, ...config }] of Object.entries(images)) {
    const more = archiveOf(...Object.entries(files).map(entryOf));
    shelf.put(`${name}:latest`, [busybox, more], { config });
  }
  const provisioner = await ImageProvisioner.open({
    stores: [{ source: new DockerImages(shelf), folder: store }],
    work: new WorkDirectory(work),
    backend: 'auto',
    programs,
    collection: undefined,
    warn: () => undefined,
  });
  const support = { types: ['DOCKER'], sandboxDirectory: '/mnt/mesos/sandbox' } as const;
  return { support, provisioner, shelf };
}
