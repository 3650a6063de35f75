// A provisioner of an agent that is not root: its arguments are a folder of its own and the
// backend. Prints the root file system, and what is left of it and its image in the end.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { BackendName } from '../../../src/containerizer/images/backends/backends.ts';
import { DockerImages } from '../../../src/containerizer/images/docker-images.ts';
import { ImageProvisioner } from '../../../src/containerizer/images/image-provisioner.ts';
import { rootStep } from '../../../src/containerizer/launchers/oci/root-step.ts';
import { supervisorProgram } from '../../../src/containerizer/launchers/process/supervisor-program.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { Image_Type } from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { programs } from '../../agent-driver/harness.ts';
import { archiveOf } from './archives.ts';
import { ImageShelf } from './image-shelf.ts';

const [folder = '', backend = ''] = process.argv.slice(2);
const shelf = new ImageShelf();
shelf.put('base:latest', [
  archiveOf(
    { name: 'closed/', type: '5', mode: 0o555, uid: 5 },
    { name: 'closed/file', content: 'text', uid: 7, mode: 0 },
    { name: 'closed/gone' },
    { name: 'opaque/low' },
    { name: 'null', type: '3', major: 1, minor: 3 },
    { name: 'never/', type: '5', mode: 0 },
    { name: 'kept/', type: '5', mode: 0o500 },
    { name: 'kept/in/', type: '5', mode: 0o11 },
  ),
  archiveOf(
    { name: 'closed/', type: '5', mode: 0o555 },
    { name: 'closed/.wh.gone' },
    { name: 'closed/more' },
    { name: 'opaque/.wh..wh..opq' },
    { name: 'opaque/high' },
    { name: 'kept/in/new/file' },
  ),
]);
const provisioner = await ImageProvisioner.open({
  stores: [{ source: new DockerImages(shelf), folder: join(folder, 'store') }],
  work: new WorkDirectory(join(folder, 'work')),
  backend: backend as BackendName,
  programs,
  collection: undefined,
  warn: (text) => console.error(text),
});
const id = containerId('one');
const image = { type: Image_Type.DOCKER, docker: { name: 'base' } };
const { root } = await provisioner.provision(id, 'rootfs', image, new AbortController().signal);
const [, , words = ''] = rootStep(root, folder, false);
const program = await supervisorProgram(programs);
// Whether the supervisor can mount it.
execFileSync(program, ['try-root', join(folder, 'target'), words]);
const LIST = `find . -mindepth 1 -printf '%P %m %s\\n' | grep -v ' [0-9]* 4096$' | sort; echo; find . -type d -mindepth 1 -printf '%P %m\\n' | sort`;
const where =
  root.kind === 'folder'
    ? `cd ${root.path}`
    : `mount -t overlay -o userxattr,lowerdir=${root.layers.toReversed().join(':')},upperdir=${root.upper},workdir=${root.work} overlay ${join(folder, 'target')} && cd ${join(folder, 'target')}`;
process.stdout.write(execFileSync('unshare', ['-Urm', 'sh', '-c', `${where} && { ${LIST}; }`]));
await provisioner.destroy(id);
await provisioner.prune([]);
await provisioner.close();
process.stdout.write(execFileSync('find', [folder, '-type', 'f']));
