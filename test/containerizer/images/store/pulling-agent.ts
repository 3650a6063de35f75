// A part of an agent, as a process of its own: pulls images, prunes and destroys, again and again,
// until it is killed. Its arguments are the folder of the test and a number to begin with.
import { join } from 'node:path';
import { DockerImages } from '../../../../src/containerizer/images/docker-images.ts';
import { ImageProvisioner } from '../../../../src/containerizer/images/image-provisioner.ts';
import { WorkDirectory } from '../../../../src/containerizer/work-directory.ts';
import { Image_Type } from '../../../../src/model/generated/messages.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { programs } from '../../../agent-driver/harness.ts';
import { filledShelf, IMAGES } from './crash-images.ts';

const [folder = '', begin = '0'] = process.argv.slice(2);
const provisioner = await ImageProvisioner.open({
  stores: [{ source: new DockerImages(filledShelf()), folder: join(folder, 'store') }],
  work: new WorkDirectory(join(folder, 'work')),
  backend: 'copy',
  programs,
  collection: undefined,
  warn: (text) => console.error(text),
});
await provisioner.recover(new Set());
console.log('recovered');
const never = new AbortController().signal;
for (let round = Number(begin); ; round++) {
  const names = [0, 1, 2].map((at) => IMAGES[(round + at) % IMAGES.length] ?? '');
  await Promise.all(
    names.map((name, at) =>
      provisioner.provision(
        containerId(`c${round}-${at}`),
        'rootfs',
        { type: Image_Type.DOCKER, docker: { name } },
        never,
      ),
    ),
  );
  console.log('provisioned');
  await Promise.all(names.map((_, at) => provisioner.destroy(containerId(`c${round}-${at}`))));
  await provisioner.prune(
    round % 2 === 0 ? [] : [{ type: Image_Type.DOCKER, docker: { name: 'a' } }],
  );
}
