// What images claim of layers that others have brought: nobody gets what he may not have, and
// nobody is given what somebody else says.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DockerImages } from '../../../../src/containerizer/images/docker-images.ts';
import { ImageProvisioner } from '../../../../src/containerizer/images/image-provisioner.ts';
import { WorkDirectory } from '../../../../src/containerizer/work-directory.ts';
import { type Image, Image_Type, Secret_Type } from '../../../../src/model/generated/messages.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { programs, temporaryFolder } from '../../../agent-driver/harness.ts';
import { archiveOf } from '../archives.ts';
import { digestOf } from '../formats/samples.ts';
import { ImageShelf } from '../image-shelf.ts';

const never = new AbortController().signal;
const id = containerId('one');
let folder: ReturnType<typeof temporaryFolder>;
let shelf: ImageShelf;
let provisioner: ImageProvisioner;
let roots = 0;

beforeEach(async () => {
  folder = temporaryFolder();
  shelf = new ImageShelf();
  provisioner = await ImageProvisioner.open({
    stores: [{ source: new DockerImages(shelf), folder: join(folder.path, 'store') }],
    work: new WorkDirectory(join(folder.path, 'work')),
    backend: 'copy',
    programs,
    collection: undefined,
    warn: () => undefined,
  });
});

afterEach(async () => {
  await provisioner.close();
  folder[Symbol.dispose]();
});

const image = (name: string, password?: string): Image => ({
  type: Image_Type.DOCKER,
  docker: {
    name,
    ...(password !== undefined && {
      config: { type: Secret_Type.VALUE, value: { data: Buffer.from(password) } },
    }),
  },
});

/** The names of the files of a container with the image. */
async function filesOf(asked: Image): Promise<readonly string[]> {
  const { root } = await provisioner.provision(id, `root-${++roots}`, asked, never);
  return readdirSync(root.kind === 'folder' ? root.path : '');
}

const open = archiveOf({ name: 'open', content: 'open' });
const secret = archiveOf({ name: 'secret', content: 'secret' });
const evil = archiveOf({ name: 'evil', content: 'evil' });

test('a layer that came by a login is given to others only when they bring it', async () => {
  const { layers } = shelf.put('private.example/app:latest', [secret]);
  const blob = layers[0]?.digest ?? '';
  expect(await filesOf(image('private.example/app', 'mine'))).toEqual(['secret']);
  // Somebody knows its digests, and has a registry that says what he likes.
  shelf.put('evil.example/thief:latest', [secret]);
  shelf.gate = async ({ digest }) => {
    if (digest === blob) {
      throw new Error('The registry does not have it');
    }
  };
  await expect(filesOf(image('evil.example/thief'))).rejects.toThrow('does not have it');
  shelf.put('evil.example/blind:latest', [secret], { diffIds: [undefined] });
  await expect(filesOf(image('evil.example/blind'))).rejects.toThrow('does not have it');
  // With the login, or for another image of the repository, it is there.
  shelf.put('other.example/same:latest', [secret]);
  expect(await filesOf(image('other.example/same', 'mine'))).toEqual(['secret']);
  shelf.put('private.example/app:2', [secret]);
  expect(await filesOf(image('private.example/app:2', 'another'))).toEqual(['secret']);
  expect(shelf.blobs.get(blob)).toBe(3);
});

test('who asks without a login does not get what is on its way by one', async () => {
  const { layers } = shelf.put('private.example/app:latest', [secret]);
  shelf.put('private.example/claim:latest', [secret]);
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  shelf.gate = async () => {
    shelf.gate = async () => {
      throw new Error('unauthorized');
    };
    begun.resolve();
    await go.promise;
  };
  const own = filesOf(image('private.example/app', 'mine'));
  await begun.promise;
  await expect(filesOf(image('private.example/claim'))).rejects.toThrow('unauthorized');
  go.resolve();
  expect(await own).toEqual(['secret']);
  expect(shelf.blobs.get(layers[0]?.digest ?? '')).toBe(2);
});

test('what an image says of a blob is believed of that image alone', async () => {
  shelf.put('evil.example/a:latest', [evil]);
  expect(await filesOf(image('evil.example/a'))).toEqual(['evil']);
  // By its config, the blob of `open` has `evil` in it, which is in the store.
  shelf.put('evil.example/b:latest', [open], { diffIds: [digestOf(evil)] });
  expect(await filesOf(image('evil.example/b'))).toEqual(['evil']);
  // An old image, whose config does not say what is in its blobs.
  shelf.put('good:latest', [open], { diffIds: [undefined] });
  expect(await filesOf(image('good'))).toEqual(['open']);
});
