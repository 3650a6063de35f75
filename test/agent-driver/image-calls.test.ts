// Calls about images, with a real store of them: who is answered what, and when.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ImageCalls } from '../../src/agent-driver/image-calls.ts';
import { withSecrets } from '../../src/containerizer/images/image-calls.ts';
import {
  type AgentResponse,
  AgentResponse_GetImages_Pull_Layer_State,
  Image_Type,
  Secret_Type,
} from '../../src/model/generated/messages.ts';
import { containerId, requestId } from '../../src/model/ids.ts';
import { openTestImages } from '../support/test-images.ts';
import { temporaryFolder } from './harness.ts';

const image = { type: Image_Type.DOCKER, docker: { name: 'base' } };
const pulling = { type: 'pullImage', request: requestId('r'), image } as const;
const listing = { type: 'listImages', request: requestId('r') } as const;

let folder: ReturnType<typeof temporaryFolder>;
let images: Awaited<ReturnType<typeof openTestImages>>;
let calls: ImageCalls;

beforeEach(async () => {
  folder = temporaryFolder();
  const places = { work: join(folder.path, 'work'), store: join(folder.path, 'store') };
  images = await openTestImages(places, { base: {} });
  calls = new ImageCalls(images.provisioner);
});

afterEach(async () => {
  await images.provisioner.close();
  folder[Symbol.dispose]();
});

/** Who asks, with what has been answered. */
function asker() {
  const answers: (AgentResponse | readonly [number, string | undefined])[] = [];
  let leave = () => {};
  return {
    answers,
    leave: () => leave(),
    pending: {
      reply: (status: number, text: string | undefined) => void answers.push([status, text]),
      respond: (response: AgentResponse) => void answers.push(response),
      onGone: (gone: () => void) => {
        leave = gone;
      },
    },
  };
}

/** Blobs come when it is called; it says when one is asked for. */
function hold() {
  const asked = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  images.shelf.gate = (_, abort) => {
    asked.resolve();
    return Promise.race([
      open.promise,
      new Promise<void>((_resolve, reject) => {
        abort.addEventListener('abort', () => reject(abort.reason));
      }),
    ]);
  };
  return { asked: asked.promise, open: open.resolve };
}

test('a pull is answered when the image is there, and shown until then', async () => {
  const { asked, open } = hold();
  const one = asker();
  const done = calls.pull(pulling, one.pending);
  await asked;
  const two = asker();
  await calls.list(listing, two.pending);
  const { WAITING, DOWNLOADING } = AgentResponse_GetImages_Pull_Layer_State;
  expect(two.answers).toMatchObject([
    {
      get_images: {
        images: [],
        pulls: [{ image: { type: Image_Type.DOCKER, name: 'base:latest' }, container_ids: [] }],
      },
    },
  ]);
  const [listed] = two.answers as AgentResponse[];
  const states = listed?.get_images?.pulls?.[0]?.layers?.map(({ state }) => state);
  expect(states?.every((state) => state === WAITING || state === DOWNLOADING)).toBe(true);
  expect(one.answers).toEqual([]);
  open();
  await done;
  expect(one.answers).toMatchObject([{ pull_image: { image: { name: 'base:latest' } } }]);
});

test('whoever leaves gives a pull up, but not for containers', async () => {
  const { asked, open } = hold();
  const one = asker();
  const done = calls.pull(pulling, one.pending);
  await asked;
  one.leave();
  await done;
  await expect.poll(async () => (await images.provisioner.images()).pulls).toEqual([]);

  const other = asker();
  const again = calls.pull(pulling, other.pending);
  const never = new AbortController().signal;
  const given = images.provisioner.provision(containerId('c'), 'rootfs', image, never);
  const ofContainer = async () => (await images.provisioner.images()).pulls[0]?.containers;
  await expect.poll(ofContainer).toEqual(['c']);
  other.leave();
  await again;
  open();
  expect((await given).config).toBeDefined();
});

test('no more calls wait for images than there may', async () => {
  const { open } = hold();
  const all = Array.from({ length: 33 }, asker);
  const done = Promise.all(all.map(({ pending }) => calls.pull(pulling, pending)));
  expect(all.at(-1)?.answers).toEqual([[503, '32 calls wait for images already']]);
  open();
  await done;
  expect(all.filter(({ answers }) => 'pull_image' in (answers[0] ?? {}))).toHaveLength(32);
});

test('an agent without images says so, and has none to remove', async () => {
  const without = new ImageCalls(undefined);
  const { answers, pending } = asker();
  await without.list(listing, pending);
  await without.pull(pulling, pending);
  const prune = { type: 'pruneImages', request: requestId('r'), excluded: [] } as const;
  await without.prune({ ...prune, isAnswered: false }, pending);
  await without.prune({ ...prune, isAnswered: true }, pending);
  const no = [501, 'This agent has no images: it runs without --image_providers'];
  expect(answers).toMatchObject([
    ...[no, no, [200, undefined]],
    { prune_images: { images: [], layers: 0, freed_bytes: 0 } },
  ]);
});

test('the login of a pull may be a secret by reference', async () => {
  const named = { type: Secret_Type.REFERENCE, reference: { name: 'login' } } as const;
  const withLogin = {
    ...pulling,
    image: { ...image, docker: { name: 'base', config: named } },
  } as const;
  const without = asker();
  await calls.pull(withLogin, without.pending);
  expect(without.answers).toEqual([
    [500, expect.stringMatching(/'docker.config' .* it runs without --secret_resolver$/)],
  ]);
  const resolver = { resolve: async ({ name }: { name: string }) => Buffer.from(`of ${name}`) };
  const one = asker();
  await new ImageCalls(withSecrets(images.provisioner, resolver)).pull(withLogin, one.pending);
  expect(one.answers).toMatchObject([{ pull_image: { image: { name: 'base:latest' } } }]);
  expect(String(images.shelf.credentials)).toBe('of login');
});
