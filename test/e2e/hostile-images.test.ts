// Images that are not as they should be, and registries that do what they like, against an agent:
// each task fails with a message that says why, and nothing is left. This needs root.
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../agent-driver/harness.ts';
import { type ArchiveEntry, archiveOf } from '../containerizer/images/archives.ts';
import {
  digestOf,
  entry,
  index,
  json,
  OCI,
  OCI_INDEX,
} from '../containerizer/images/formats/samples.ts';
import { TestRegistry } from '../containerizer/images/registry/test-registry.ts';
import { putBusybox } from '../support/busybox-image.ts';
import { TestCluster, until } from '../support/cluster.ts';
import { ask } from '../support/requests.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { endsOf } from '../support/task-runner.ts';

const isRoot = process.geteuid?.() === 0;
const cluster = new TestCluster();
let registry: TestRegistry;
const small = temporaryFolder();
let disk: SmallDisk | undefined;

const store = (name: string) => {
  const folder = join(small.path, 'store');
  return join(folder, readdirSync(folder).find((it) => it.startsWith('mesoscale-')) ?? '', name);
};

const agentFlags = () => [
  '--launcher=linux',
  '--isolation=filesystem/linux,docker/runtime',
  '--image_providers=DOCKER',
  `--docker_store_dir=${join(small.path, 'store')}`,
  `--docker_registry=http://${registry.host}`,
  '--executor_registration_timeout=10secs',
];

beforeAll(async () => {
  if (!isRoot) {
    return;
  }
  registry = await TestRegistry.open();
  disk = new SmallDisk(small.path, 100);
  await cluster.start({ agent: agentFlags() });
});

afterAll(async () => {
  await cluster.stop();
  disk?.[Symbol.dispose]();
  small[Symbol.dispose]();
  await registry?.close();
});

const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const packed = (...entries: readonly ArchiveEntry[]) => gzipSync(archiveOf(...entries));

/** Puts an image of one layer, of which the manifest says something else; returns the digest. */
const put = (name: string, layer: Uint8Array, change: object = {}) =>
  registry.image(name, [], {
    layers: [{ mediaType: LAYER, size: layer.length, digest: registry.blob(layer), ...change }],
  });

/** What the registry does in place of its own answer, by the beginning of the path. */
const answers = new Map<string, (response: ServerResponse, path: string) => void>();

/** Puts all images; each has a part of the message. */
function hostile(): ReadonlyMap<string, RegExp> {
  const good = packed({ name: 'x', content: 'x' });
  const cases = new Map<string, RegExp>();
  const expects = (name: string, message: RegExp) => cases.set(name, message);

  const wrong = `wrong-digest@${digestOf('another')}`;
  put('wrong-digest', good);
  registry.manifests.set(
    `wrong-digest/manifests/${digestOf('another')}`,
    registry.manifests.get('wrong-digest/manifests/latest') as { type: string; bytes: Buffer },
  );
  expects(wrong, /The manifest of image 'wrong-digest@.*' does not match its digest/);

  const blob = put('wrong-layer', good, { digest: digestOf('wrong layer') });
  expect(blob).toMatch(/^sha256:/);
  registry.blobs.set(digestOf('wrong layer'), good);
  expects(
    'wrong-layer',
    /Failed to pull image 'wrong-layer': Failed to fetch layer 'sha256:.*': what arrived does not match the digest/,
  );

  put('longer', packed({ name: 'longer' }), { size: 10 });
  expects('longer', /Failed to fetch layer 'sha256:.*': more than 10 bytes arrived/);

  const shorter = packed({ name: 'shorter' });
  put('shorter', shorter, { size: shorter.length + 7 });
  expects('shorter', /it has \d+ bytes, and \d+ arrived/);

  put('chart', good, { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip' });
  expects('chart', /'layers\[0\].mediaType' is 'application\/vnd.cncf.helm.*', which is no layer/);

  registry.image('many-layers', [], {
    layers: Array.from({ length: 10_000 }, (_, at) => ({
      ...{ mediaType: LAYER, size: 10, digest: digestOf(`${at}`) },
    })),
  });
  expects('many-layers', /an image has at most 500 layers, not 10000/);

  let digest = put('deep', good);
  let type = OCI;
  for (let i = 0; i < 5; i++) {
    const own = { ...entry('linux', 'amd64'), mediaType: type, digest };
    digest = registry.manifest('deep', 'latest', index([own]), OCI_INDEX);
    type = OCI_INDEX;
  }
  expects('deep', /more than 3 deep/);

  // As if an index had itself in it.
  const own = { ...entry('linux', 'amd64'), mediaType: OCI_INDEX, digest: digestOf('round') };
  registry.manifest('round', 'latest', index([own]), OCI_INDEX);
  registry.manifests.set(
    `round/manifests/${digestOf('round')}`,
    registry.manifests.get('round/manifests/latest') as { type: string; bytes: Buffer },
  );
  expects('round', /does not match its digest/);

  const config = json({ os: 'linux', config: { Cmd: ['x'] } });
  registry.image('wrong-config', [good], {
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      size: config.length,
      digest: digestOf('wrong config'),
    },
  });
  registry.blobs.set(digestOf('wrong config'), config);
  expects('wrong-config', /Failed to fetch the config of image 'wrong-config': what arrived/);

  const bomb = gzipSync(archiveOf({ name: 'zeros', content: Buffer.alloc(150 << 20) }));
  expect(bomb.length * 500).toBeLessThan(150 << 20);
  put('bomb', bomb);
  expects('bomb', /[Ll]ayer sha256:\w+.*(room|space|left)/);

  put('no-archive', gzipSync('x'.repeat(2_000)));
  expects('no-archive', /Layer sha256:.* cannot be unpacked: it is no tar archive/);

  put('cut', good.subarray(0, -10));
  expects('cut', /Layer sha256:.* cannot be unpacked: its compressed data end early/);

  put('outside', packed({ name: '../../outside' }));
  expects('outside', /Layer sha256:.* cannot be unpacked: .*\.\.\/\.\.\/outside/);

  put('hard-link', packed({ name: 'x', type: '1', target: '/etc/shadow' }));
  expects('hard-link', /Layer sha256:.* cannot be unpacked|Failed to unpack layer/);

  const lie = json({ os: 'linux', rootfs: { diff_ids: [digestOf('a lie')] } });
  const lied = packed({ name: 'lied' });
  registry.image('other-content', [lied], {
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      size: lie.length,
      digest: registry.blob(lie),
    },
  });
  expects('other-content', /is not what its image says: its content has the digest sha256:/);

  const windows = json({ os: 'windows' });
  registry.image('windows', [good], {
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      size: windows.length,
      digest: registry.blob(windows),
    },
  });
  expects('windows', /for the system 'windows', not for linux/);

  answers.set('page/', (response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Log in, please</html>');
  });
  expects('page', /Unsupported manifest MIME type: text\/html/);

  answers.set('busy/', (response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end();
  });
  expects('busy', /'429 Too Many Requests' when trying to get the manifest/);

  expects('missing', /'404 Not Found' when trying to get the manifest/);

  const half = packed({ name: 'half' });
  put('half', half);
  answers.set('half/blobs/', (response, path) => {
    if (path.endsWith(digestOf(half))) {
      response.writeHead(200, { 'content-length': half.length });
      response.write(half.subarray(0, half.length >> 1), () => response.destroy());
    } else {
      const bytes = registry.blobs.get(path.replace(/^.*\//, ''));
      response.end(bytes);
    }
  });
  expects('half', /Failed to fetch layer 'sha256:.*': .*the connection ended before the file did/);

  answers.set('slow/', (response) => {
    response.writeHead(200, { 'content-type': OCI });
    const drip = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(drip));
  });
  expects('slow', /did not register within 10secs/);

  expects('no..name/', /Failed to parse docker image 'no\.\.name\/'/);
  expects('127.0.0.1:1/gone', /Couldn't connect to server \(connection refused/);
  return cases;
}

const image = (name: string) => ({
  command: { value: 'cat /etc/os-release' },
  container: { type: 'MESOS', mesos: { image: { type: 'DOCKER', docker: { name } } } },
});

/** Files and processes of the agent, and what is mounted. */
function traces() {
  const { pid } = cluster.agentProgram;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return {
    children: children === '' ? 0 : children.split(' ').length,
    files: readdirSync(`/proc/${pid}/fd`).length,
    mounts: mounts.filter((line) => line.includes(cluster.folder)).length,
    roots: readdirSync(join(cluster.folder, 'agent', 'provisioner', 'containers')),
    staging: [...readdirSync(store('staging')), ...readdirSync(store('removed'))],
  };
}

test.runIf(isRoot)('what is wrong with an image is told, and leaves nothing', async () => {
  registry.intercept = (_, response, path) => {
    const answer = [...answers].find(([beginning]) => path.startsWith(beginning))?.[1];
    answer?.(response, path);
    return answer !== undefined;
  };
  putBusybox(registry, 'good');
  const first = await endsOf(cluster.address, new Map([['first', image('good')]]));
  expect(first.get('first')?.state).toBe('TASK_FINISHED');
  const before = await until('the first is gone', () => {
    const now = traces();
    return now.roots.length === 0 && now.staging.length === 0 ? now : undefined;
  });

  const cases = hostile();
  const names = [...cases.keys()];
  const tasks = new Map(names.map((name, at) => [`task-${at}`, image(name)]));
  const ends = await endsOf(cluster.address, tasks);
  for (const [at, name] of names.entries()) {
    const end = ends.get(`task-${at}`);
    expect({ name, ...end }).toMatchObject({
      state: 'TASK_FAILED',
      reason:
        name === 'slow' ? 'REASON_EXECUTOR_REGISTRATION_TIMEOUT' : 'REASON_CONTAINER_LAUNCH_FAILED',
      message: expect.stringMatching(cases.get(name) as RegExp),
    });
    if (!['slow', 'no..name/'].includes(name)) {
      expect(end?.message).toContain(
        `Failed to launch container: Failed to pull image '${name}': `,
      );
    }
  }
  const good = await endsOf(cluster.address, new Map([['again', image('good')]]));
  expect(good.get('again')?.state).toBe('TASK_FINISHED');
  await until('nothing more is left', () => {
    const { files, ...others } = traces();
    const { files: filesBefore, ...othersBefore } = before;
    expect(others).toEqual(othersBefore);
    expect(files).toBeLessThanOrEqual(filesBefore);
    return true;
  });
});

/** Each time the agent is killed at another moment. */
const KILLS = 3;
const LAYERS = 30;

test.runIf(isRoot)('an agent that is killed while it pulls leaves nothing half made', async () => {
  const content = (kill: number, at: number) => `${kill} ${at} `.repeat(5_000);
  const put = (kill: number) => {
    const archives = Array.from({ length: LAYERS }, (_, at) =>
      archiveOf({ name: `${at}`, content: content(kill, at) }),
    );
    registry.image(`many${kill}`, archives);
    return archives;
  };
  let told = () => {};
  registry.intercept = () => {
    told();
    return false;
  };
  const launch = (kill: number) =>
    ask(cluster.agent, '/api/v1', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        type: 'LAUNCH_CONTAINER',
        launch_container: {
          container_id: { value: `many${kill}` },
          command: { value: 'true' },
          container: image(`many${kill}`).container,
        },
      }),
    });
  const layers = () => readdirSync(join(store('layers'), 'sha256'));
  for (let kill = 0; kill < KILLS; kill++) {
    const archives = put(kill);
    const requests = 1 + ((kill * 11) % LAYERS);
    let count = 0;
    const reached = new Promise<void>((resolve) => {
      told = () => ++count >= requests && resolve();
    });
    const launched = launch(kill).then(
      () => undefined,
      () => undefined,
    );
    await Promise.race([reached, launched]);
    await cluster.agentProgram.kill('SIGKILL');
    await launched;
    await cluster.startAgent(agentFlags());
    await cluster.agentRegistered();
    const now = traces();
    expect(now).toMatchObject({ roots: [], staging: [], mounts: 0 });
    for (const [at, archive] of archives.entries()) {
      const hex = digestOf(archive).slice('sha256:'.length);
      const file = join(store('layers'), 'sha256', hex, 'files', `${at}`);
      if (layers().includes(hex)) {
        expect(readFileSync(file, 'utf8')).toBe(content(kill, at));
      }
    }
  }
  put(KILLS);
  expect((await launch(KILLS)).status).toBe(200);
  expect(layers().length).toBeGreaterThanOrEqual(LAYERS);
});
