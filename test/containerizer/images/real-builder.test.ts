// Images as umoci builds them: a container has the files that umoci says it has, whichever backend
// makes them.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalArchives } from '../../../src/containerizer/images/archives/archive-folder.ts';
import { ArchivePuller } from '../../../src/containerizer/images/archives/archive-puller.ts';
import type { BackendName } from '../../../src/containerizer/images/backends/backends.ts';
import { DockerImages } from '../../../src/containerizer/images/docker-images.ts';
import { platformOf } from '../../../src/containerizer/images/formats/platform.ts';
import { ImageProvisioner } from '../../../src/containerizer/images/image-provisioner.ts';
import { rootStep } from '../../../src/containerizer/launchers/oci/root-step.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { Image_Type } from '../../../src/model/generated/messages.ts';
import { containerId } from '../../../src/model/ids.ts';
import { programs } from '../../agent-driver/harness.ts';
import { Stage } from '../launchers/process/stage.ts';

const stage = await Stage.open();

/**
 * Names, types, permissions, owners, times, attributes, links and content. The times of folders
 * that a layer does not list are those of its unpacking with most programs, though not with umoci.
 */
const LIST = `
import os
def walk(path):
    for entry in sorted(os.scandir(path), key=lambda it: it.name):
        its = entry.stat(follow_symlinks=False)
        names = os.listxattr(entry.path, follow_symlinks=False)
        values = [(name, os.getxattr(entry.path, name, follow_symlinks=False)) for name in sorted(names)]
        isFile = entry.is_file(follow_symlinks=False)
        isFolder = entry.is_dir(follow_symlinks=False)
        print(os.fsencode(entry.path), oct(its.st_mode), its.st_uid, its.st_gid,
            isFolder or its.st_mtime_ns,
            values,
            entry.is_symlink() and os.readlink(entry.path),
            isFile and open(entry.path, 'rb').read(),
            isFolder or its.st_nlink)
        if isFolder:
            walk(entry.path)
walk('.')
`;
const RAISE = `
import os, sys
os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))
os.setxattr(sys.argv[1], 'user.note', b'x')
`;

const BUILD = `
umoci init --layout layout
umoci new --image layout:built
umoci unpack --image layout:built bundle
cd bundle/rootfs
mkdir -p etc usr/bin usr/share/doc/a usr/share/doc/b var/cache/deep srv
echo one > usr/bin/one; ln usr/bin/one usr/bin/same; ln -s one usr/bin/link
echo a > usr/share/doc/a/a; echo b > usr/share/doc/b/b; echo c > var/cache/deep/c
cp usr/bin/one usr/bin/mighty; python3 ../../raise.py usr/bin/mighty
chmod 4751 usr/bin/one; chown 12:34 srv; chmod 1777 srv; mkfifo srv/fifo
touch "srv/$(printf 'caf\\351')" 'srv/a b'; touch -d 2001-02-03T04:05:06.789 etc/old
cd ../..
umoci repack --image layout:built --refresh-bundle bundle
cd bundle/rootfs
rm -r usr/share/doc/a var/cache srv/fifo
ln -s /nowhere var/cache
rm -r usr/share/doc/b; echo now a file > usr/share/doc/b
ln usr/bin/one usr/bin/third; chmod 700 etc; echo more > etc/more
cd ../..
umoci repack --image layout:built --refresh-bundle bundle
echo inserted > file
umoci insert --image layout:built file /etc/inserted
umoci config --image layout:built --config.entrypoint /usr/bin/one --config.workingdir /srv
rm -r bundle
umoci unpack --image layout:built bundle
mkdir images
tar -C layout -cf images/built.tar .
`;

beforeAll(() => {
  const folder = stage.made('umoci');
  writeFileSync(stage.path('list.py'), LIST);
  writeFileSync(stage.path('umoci', 'raise.py'), RAISE);
  execFileSync('sh', ['-euc', BUILD], { cwd: folder, stdio: 'pipe' });
});

afterAll(() => stage.close());

test.runIf(process.geteuid?.() === 0).each<BackendName>(['copy', 'overlay'])(
  'a container has all files of an image of umoci as umoci has them, with the backend %s',
  async (backend) => {
    const images = {
      folder: new LocalArchives(stage.path('umoci', 'images')),
      platform: platformOf(process.arch),
    };
    const provisioner = await ImageProvisioner.open({
      stores: [
        {
          source: new DockerImages(new ArchivePuller(images)),
          folder: stage.path(`store-${backend}`),
        },
      ],
      work: new WorkDirectory(stage.path(`work-${backend}`)),
      backend,
      programs,
      collection: undefined,
      warn: (text) => expect.fail(text),
    });
    const image = { type: Image_Type.DOCKER, docker: { name: 'built' } };
    const never = new AbortController().signal;
    const { config, root } = await provisioner.provision(
      containerId('one'),
      'rootfs',
      image,
      never,
    );
    expect(config).toMatchObject({ entrypoint: ['/usr/bin/one'], workingDirectory: '/srv' });
    const place = stage.made(`root-${backend}`);
    const list = `python3 ${stage.path('list.py')}`;
    const found = await stage.printed(`cd ${place} && ${list}`, rootStep(root, place, true), place);
    const expected = execFileSync('sh', ['-c', list], {
      cwd: stage.path('umoci', 'bundle', 'rootfs'),
      encoding: 'utf8',
    });
    expect(expected).toMatch(/usr\/bin\/mighty.*security.capability/);
    expect(found.split('\n')).toEqual(expected.split('\n'));
    await provisioner.destroy(containerId('one'));
    await provisioner.close();
  },
);
