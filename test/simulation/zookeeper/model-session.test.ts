// The model of an ensemble keeps what ZooKeeper promises. That a real one does is seen in
// test/zookeeper/session.test.ts.

import { expect, test } from 'vitest';
import { createFolder } from '../../../src/zookeeper/folders.ts';
import { Agenda } from '../agenda.ts';
import { Chance } from '../chance.ts';
import { Network } from '../network.ts';
import { ENSEMBLE_HOST, ModelEnsemble } from './model-ensemble.ts';

const TIMEOUT_MS = 10_000;

function world() {
  const agenda = new Agenda(0);
  const chance = new Chance(1);
  const network = new Network(agenda, chance);
  const ensemble = new ModelEnsemble(agenda, chance, network);
  const pass = async (ms: number) => {
    const untilMs = agenda.nowMs + ms;
    while (agenda.step(untilMs)) {
      await new Promise(setImmediate);
    }
  };
  const open = (host: string) => ensemble.open({ host, alive: true }, TIMEOUT_MS);
  /** Lets time pass until the promise is settled. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const end = () => {
      isSettled = true;
    };
    promise.then(end, end);
    while (!isSettled) {
      await pass(100);
    }
    return promise;
  };
  return { network, ensemble, pass, open, settled };
}

test('ephemeral znodes go with the session of a client that is cut off', async () => {
  const { network, pass, open, settled } = world();
  const [a, b] = [open('a'), open('b')];
  await pass(1_000);
  await settled(createFolder(a, '/m'));
  const options = { isEphemeral: true, isSequential: true };
  expect(await settled(a.create('/m/n_', Buffer.from('a'), options))).toBe('/m/n_0000000000');
  expect(await settled(b.create('/m/n_', Buffer.from('b'), options))).toBe('/m/n_0000000001');
  expect((await settled(b.get('/m/n_0000000000'))).owner).toBe(a.id());
  let changes = 0;
  await settled(b.children('/m', () => changes++));
  network.cut('a', ENSEMBLE_HOST);
  await pass(TIMEOUT_MS);
  expect([a.isHeld(), a.state, b.isHeld()]).toEqual([false, 'expired', true]);
  await pass(TIMEOUT_MS);
  expect(await settled(b.children('/m'))).toEqual(['n_0000000001']);
  expect(changes).toBe(1);
});

test('a client never believes longer in its session than the ensemble does', async () => {
  const { network, ensemble, pass, open, settled } = world();
  for (let round = 0; round < 50; round++) {
    const a = open('a');
    await pass(1_000);
    await settled(a.create('/x', Buffer.alloc(0), { isEphemeral: true }));
    await pass(ensemble.chance.int(0, TIMEOUT_MS));
    network.cut('a', ENSEMBLE_HOST);
    while (a.isHeld()) {
      expect(ensemble.znodes.exists('/x')).toBe(true);
      await pass(50);
    }
    await pass(2 * TIMEOUT_MS);
    expect([a.state, ensemble.znodes.exists('/x')]).toEqual(['expired', false]);
    network.heal('a', ENSEMBLE_HOST);
  }
});

test('a transaction is carried out whole or not at all', async () => {
  const { ensemble, pass, open, settled } = world();
  const a = open('a');
  await pass(1_000);
  await settled(a.create('/head', Buffer.alloc(0)));
  const child = { type: 'create', path: '/head/x', data: Buffer.alloc(0) } as const;
  const head = { type: 'set', path: '/head', data: Buffer.from('1') } as const;
  await expect(settled(a.transact([child, { ...head, version: 5 }]))).rejects.toMatchObject({
    fault: 'badVersion',
  });
  expect(ensemble.znodes.exists('/head/x')).toBe(false);
  await settled(a.transact([child, head]));
  expect(await settled(a.get('/head'))).toMatchObject({ version: 1 });
});
