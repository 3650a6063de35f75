// Figures of thousands of frameworks are gathered in turns, and once for all who ask meanwhile.
import { afterEach, expect, test } from 'vitest';
import {
  expositionPieces,
  snapshotList,
  snapshotPieces,
} from '../../../src/http/metrics/collection.ts';
import { Places } from '../../../src/http/metrics/family.ts';
import { MASTER_FAMILIES } from '../../../src/http/metrics/master-families.ts';
import type { FigureSink } from '../../../src/model/figures.ts';
import { startMaster, stopMasters, views } from '../mini-master.ts';

afterEach(stopMasters);

const STEPS = 50;

/** Each step takes a millisecond. */
function* slowly(set: FigureSink): Generator<undefined> {
  for (let step = 0; step < STEPS; step++) {
    const endMs = performance.now() + 1;
    while (performance.now() < endMs) {}
    set('master/frameworks/{framework_name}/{framework_id}/subscribed', 1, 'f"', String(step));
    yield;
  }
}

const read = async (pieces: Promise<readonly Uint8Array[]>) =>
  Buffer.concat([...(await pieces)]).toString();

const places = new Places(MASTER_FAMILIES);
test.each([
  ['/metrics', async () => (await read(expositionPieces(places, slowly, () => {}))).split('\n')],
  ['/metrics/snapshot', async () => Object.keys(JSON.parse(await read(snapshotPieces(slowly))))],
  ['GET_METRICS', () => snapshotList(slowly)],
] as const)('others have their turns while %s is made', async (_, make) => {
  let turns = 0;
  let isMade = false;
  const count = () => {
    turns++;
    if (!isMade) {
      setImmediate(count);
    }
  };
  setImmediate(count);
  const made: readonly unknown[] = await make();
  isMade = true;
  expect(made.length).toBeGreaterThanOrEqual(STEPS);
  // A turn has four of the fifty milliseconds, or a few more where the machine is slow.
  expect(turns).toBeGreaterThan(3);
});

test('nothing is an object without names', async () => {
  expect(await read(snapshotPieces(() => []))).toBe('{}');
});

test('those who ask meanwhile get the same', async () => {
  let gathered = 0;
  const { url } = await startMaster({
    views: {
      ...views,
      figures: (_nowMs, set) => {
        gathered++;
        return slowly(set);
      },
    },
  });
  const ask = async (path: string) => (await fetch(url + path)).text();
  for (const path of ['/metrics', '/metrics/snapshot']) {
    gathered = 0;
    const texts = await Promise.all(Array.from({ length: 20 }, () => ask(path)));
    expect(texts.every((text) => text.includes('49'))).toBe(true);
    expect(gathered).toBeLessThan(20);
  }
});
