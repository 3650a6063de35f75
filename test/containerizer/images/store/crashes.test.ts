// An agent that is killed at any moment, while it pulls, copies, deletes: the next one finds whole
// layers only, and all that is half made is gone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DockerImages } from '../../../../src/containerizer/images/docker-images.ts';
import { ImageProvisioner } from '../../../../src/containerizer/images/image-provisioner.ts';
import { WorkDirectory } from '../../../../src/containerizer/work-directory.ts';
import { Image_Type } from '../../../../src/model/generated/messages.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { Random } from '../../../../src/model/random.ts';
import { programs, temporaryFolder } from '../../../agent-driver/harness.ts';
import { digestOf } from '../formats/samples.ts';
import { filledShelf, IMAGES, LAYERS } from './crash-images.ts';

const AGENT = fileURLToPath(new URL('./pulling-agent.ts', import.meta.url));
/** Some agents are killed before they have begun. */
const KILLS = 4;
const LONGEST_MS = 500;

/** Every file with its content. */
function contentOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

const expected = new Map(
  [...LAYERS].map(([name, archive]) => [
    digestOf(archive).slice('sha256:'.length),
    new Map(
      Array.from({ length: 150 }, (_, at): [string, string] => [
        `${name}/${at % 7}/${at}`,
        `${name} ${at}\n`.repeat(at),
      ]).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  ]),
);

async function killedAgent(folder: string, round: number, afterMs: number): Promise<void> {
  const agent = spawn(process.execPath, [AGENT, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  agent.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(agent, 'close');
  await once(agent.stdout, 'data');
  const timer = setTimeout(() => agent.kill('SIGKILL'), afterMs);
  const [, signal] = await ended;
  clearTimeout(timer);
  expect({ said, signal }).toEqual({ said: '', signal: 'SIGKILL' });
}

test('an agent that is killed leaves no layer half made', { timeout: 90_000 }, async () => {
  using folder = temporaryFolder();
  const layers = join(folder.path, 'store/mesoscale-2/layers/sha256');
  const random = new Random(Date.now() % 1_000_000);
  for (let round = 0; round < KILLS; round++) {
    await killedAgent(folder.path, round, random.next() * LONGEST_MS);
    for (const hex of readdirSync(layers)) {
      expect(contentOf(join(layers, hex, 'files')), 'after a kill').toEqual(expected.get(hex));
    }
  }
  const warnings: string[] = [];
  const shelf = filledShelf();
  const work = new WorkDirectory(join(folder.path, 'work'));
  const provisioner = await ImageProvisioner.open({
    stores: [{ source: new DockerImages(shelf), folder: join(folder.path, 'store') }],
    work,
    backend: 'copy',
    programs,
    collection: undefined,
    warn: (text) => void warnings.push(text),
  });
  await provisioner.recover(new Set());
  for (const name of IMAGES) {
    const image = { type: Image_Type.DOCKER, docker: { name } };
    const { root } = await provisioner.provision(
      containerId(name),
      'rootfs',
      image,
      new AbortController().signal,
    );
    const found = contentOf(root.kind === 'folder' ? root.path : '');
    expect(found.size).toBe(name === 'b' ? 450 : 300);
  }
  await provisioner.close();
  expect(warnings).toEqual([]);
  const left = ['staging', 'removed'].map((it) => join(folder.path, 'store/mesoscale-2', it));
  expect([...left, join(work.provisioner, 'removed')].flatMap((it) => readdirSync(it))).toEqual([]);
  expect(readdirSync(join(work.provisioner, 'containers'))).toEqual([...IMAGES]);
});
