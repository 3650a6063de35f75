// Unpacking of layers as the agent does it: decompressed, checked, written, and on the disk. Beside
// it the same with tar, and with umoci where it is there.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { LAYER_BOUNDS, unpackLayer } from '../src/containerizer/images/unpacking/unpacker.ts';
import { supervisorProgram } from '../src/containerizer/launchers/process/supervisor-program.ts';
import { Random } from '../src/model/random.ts';
import { whole } from './arguments.ts';
import { type Measurement, report } from './report.ts';

export const USAGE = `usage: npm run bench -- images [options]

  --files=N       files of the layer, in folders of a hundred (10000)
  --kilobytes=K   of each file, of which half can be compressed (20)
  --layer=PATH    a layer in place of that: a tar archive, with gzip
  --folder=PATH   where all is written (the system's folder for temporary files)
  --runs=R        runs, for median, min and max (3)
  --json          one object a line`;

const build = join(dirname(import.meta.dirname), 'build');
const MB = 1e6;

export async function run({ args, json }: { args: string[]; json: boolean }): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      files: { type: 'string', default: '10000' },
      kilobytes: { type: 'string', default: '20' },
      layer: { type: 'string' },
      folder: { type: 'string', default: tmpdir() },
      runs: { type: 'string', default: '3' },
    },
  });
  const files = whole('files', values.files, 1);
  const kilobytes = whole('kilobytes', values.kilobytes, 1);
  const folder = mkdtempSync(join(values.folder, 'mesoscale-bench-'));
  try {
    const blob = join(folder, 'layer.tar.gz');
    writeFileSync(
      blob,
      values.layer === undefined ? made(folder, files, kilobytes) : readFileSync(values.layer),
    );
    const runs: Measurement[][] = [];
    for (let i = 0; i < whole('runs', values.runs, 1); i++) {
      runs.push(await measure(blob, folder));
    }
    const workload = values.layer ?? `${files} files of ${kilobytes} KB`;
    report({ suite: 'images', workload, agents: 0, frameworks: 0, runs, json });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function made(folder: string, files: number, kilobytes: number): Buffer {
  const random = new Random(1);
  const top = join(folder, 'made');
  for (let at = 0; at < files; at++) {
    const below = join(top, String(Math.floor(at / 100)));
    mkdirSync(below, { recursive: true });
    const bytes = Buffer.alloc(kilobytes * 1000, 'text ');
    for (let i = 0; i + 4 <= bytes.length / 2; i += 4) {
      bytes.writeUInt32LE(random.next32(), i);
    }
    writeFileSync(join(below, String(at)), bytes);
  }
  const archive = execFileSync('tar', ['-C', top, '-c', '.'], { maxBuffer: 2 ** 32 });
  rmSync(top, { recursive: true });
  return gzipSync(archive, { level: 6 });
}

async function measure(blob: string, folder: string): Promise<Measurement[]> {
  const program = await supervisorProgram([build]);
  const own = fresh(folder, 'layer/files', 'replaced');
  const begin = performance.now();
  const layer = await unpackLayer(
    'of the bench',
    { program, blob, folder: own, form: 'layer', bounds: LAYER_BOUNDS },
    new AbortController().signal,
  );
  const ownMs = performance.now() - begin;
  const measured: Measurement[] = [
    { metric: 'unpacked', unit: 's', value: ownMs / 1000 },
    { metric: 'content', unit: 'MB/s', value: layer.bytes / MB / (ownMs / 1000) },
    { metric: 'files', unit: '/s', value: layer.entries / (ownMs / 1000) },
    { metric: 'tar -xzf, sync', unit: 's', value: tarSeconds(blob, fresh(folder)) },
  ];
  const umoci = umociSeconds(blob, layer.diffId, fresh(folder));
  return umoci === undefined
    ? measured
    : [...measured, { metric: 'umoci unpack, sync', unit: 's', value: umoci }];
}

/** An empty folder with these in it, in the place of the one before. */
function fresh(folder: string, ...names: readonly string[]): string {
  const path = join(folder, 'unpacked');
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  for (const name of names) {
    mkdirSync(join(path, name), { recursive: true });
  }
  // What another has written is not to be waited for.
  execFileSync('sync', ['-f', path]);
  return path;
}

const seconds = (work: () => void) => {
  const begin = performance.now();
  work();
  return (performance.now() - begin) / 1000;
};

const tarSeconds = (blob: string, folder: string) =>
  seconds(() => {
    execFileSync('tar', ['-C', folder, '-xzf', blob]);
    execFileSync('sync', ['-f', folder]);
  });

/** Undefined where there is no umoci. */
function umociSeconds(blob: string, diffId: string, folder: string): number | undefined {
  if (spawnSync('umoci', ['--version']).status !== 0) {
    return undefined;
  }
  const layout = join(folder, 'layout');
  const image = `${layout}:bench`;
  execFileSync('umoci', ['init', '--layout', layout]);
  execFileSync('umoci', ['new', '--image', image]);
  const archive = join(folder, 'layer.tar');
  writeFileSync(archive, gunzipSync(readFileSync(blob)));
  if (`sha256:${createHash('sha256').update(readFileSync(archive)).digest('hex')}` !== diffId) {
    throw new Error('the digest of the unpacked layer is not that of its archive');
  }
  execFileSync('umoci', ['raw', 'add-layer', '--image', image, archive]);
  execFileSync('sync', ['-f', folder]);
  return seconds(() => {
    execFileSync('umoci', ['unpack', '--image', image, join(folder, 'bundle')]);
    execFileSync('sync', ['-f', folder]);
  });
}
