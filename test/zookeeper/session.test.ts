// A session with a real ensemble: what it holds, and when it ends.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFolder } from '../../src/zookeeper/folders.ts';
import type { SessionState } from '../../src/zookeeper/interface.ts';
import { ZooKeeperSession } from '../../src/zookeeper/session.ts';
import { until } from '../support/cluster.ts';
import { Ensemble } from '../support/zookeeper.ts';

const TIMEOUT_MS = 1_200;

let ensemble: Ensemble;
beforeAll(async () => {
  ensemble = await Ensemble.start();
});
afterAll(() => ensemble.stop());

async function connected(credentials?: string): Promise<ZooKeeperSession> {
  const session = new ZooKeeperSession({
    servers: ensemble.addresses,
    credentials,
    timeoutMs: TIMEOUT_MS,
  });
  await until('the session is held', () => session.isHeld());
  return session;
}

const statesOf = (session: ZooKeeperSession) => {
  const states: SessionState[] = [];
  session.onState((state) => states.push(state));
  return states;
};

describe('a session', () => {
  test('makes, reads, lists, writes and deletes znodes', async () => {
    const session = await connected();
    await createFolder(session, '/a/b');
    await createFolder(session, '/a/b');
    const path = await session.create('/a/b/n_', Buffer.from('one'), { isSequential: true });
    expect(path).toBe('/a/b/n_0000000000');
    expect(await session.children('/a/b')).toEqual(['n_0000000000']);
    expect(await session.set(path, Buffer.from('two'))).toBe(1);
    expect(await session.get(path)).toMatchObject({ data: Buffer.from('two'), version: 1 });
    await expect(session.set(path, Buffer.from('three'), 7)).rejects.toMatchObject({
      fault: 'badVersion',
    });
    await session.delete(path);
    await expect(session.get(path)).rejects.toMatchObject({ fault: 'noNode' });
    await session.close();
  });

  test('carries a transaction out whole or not at all', async () => {
    const session = await connected();
    await session.create('/head', Buffer.from('0'));
    await session.set('/head', Buffer.from('1'));
    const child = { type: 'create', path: '/head/x', data: Buffer.from('x') } as const;
    const head = { type: 'set', path: '/head', data: Buffer.from('2') } as const;
    await expect(session.transact([child, { ...head, version: 2 }])).rejects.toMatchObject({
      fault: 'badVersion',
    });
    expect(await session.exists('/head/x')).toBe(false);
    await session.transact([child, { ...head, version: 1 }]);
    expect(await session.get('/head')).toMatchObject({ data: Buffer.from('2'), version: 2 });
    await session.close();
  });

  test('tells once of a change', async () => {
    const session = await connected();
    await createFolder(session, '/watched');
    const changed = Promise.withResolvers<void>();
    await session.children('/watched', changed.resolve);
    await session.create('/watched/x', Buffer.alloc(0));
    await changed.promise;
    await session.close();
  });

  test('protects what it makes by its credentials', async () => {
    const owner = await connected('user:secret');
    await owner.create('/owned', Buffer.from('1'));
    const stranger = await connected();
    expect((await stranger.get('/owned')).data.toString()).toBe('1');
    await expect(stranger.set('/owned', Buffer.from('2'))).rejects.toMatchObject({
      fault: 'noAuth',
    });
    await Promise.all([owner.close(), stranger.close()]);
  });

  test('takes its ephemeral znodes along at once when it is closed', async () => {
    const [session, other] = [await connected(), await connected()];
    await session.create('/gone', Buffer.alloc(0), { isEphemeral: true });
    await session.close();
    expect(await other.exists('/gone')).toBe(false);
    await other.close();
  });

  test('goes on when the server hangs and comes back in time', async () => {
    const session = await connected();
    const states = statesOf(session);
    await session.create('/kept', Buffer.alloc(0), { isEphemeral: true });
    await ensemble.pause(1);
    await until('the connection is given up', () => states.includes('disconnected'));
    ensemble.resume(1);
    await until('it is back', () => session.state === 'connected' && session.isHeld());
    expect(await session.get('/kept')).toMatchObject({ owner: session.id() });
    await session.close();
  });

  test('ends by itself when no server answers for the timeout, with what it was asked', async () => {
    const session = await connected();
    const states = statesOf(session);
    await ensemble.pause(1);
    const asked = session.get('/');
    await expect(asked).rejects.toMatchObject({ fault: expect.stringMatching(/Loss|expired/) });
    await until('the session has ended', () => session.state === 'expired');
    expect(session.isHeld()).toBe(false);
    expect(states.at(-1)).toBe('expired');
    await expect(session.get('/')).rejects.toMatchObject({ fault: 'expired' });
    ensemble.resume(1);
    await ensemble.serves(1);
  });
});

test('a session of a candidacy is not held by a server that is cut off from the others', async () => {
  await using three = await Ensemble.start({ servers: 3 });
  const ids = [1, 2, 3];
  const modes = await Promise.all(ids.map((id) => three.ask(id, 'srvr')));
  const follower = modes.findIndex((text) => text.includes('Mode: follower'));
  const servers = [three.addresses[follower] as string];
  const open = (isCandidacy: boolean) =>
    new ZooKeeperSession({ servers, timeoutMs: TIMEOUT_MS, isCandidacy });
  const [candidacy, reader] = [open(true), open(false)];
  await until('both are held', () => candidacy.isHeld() && reader.isHeld());
  for (const id of ids.filter((id) => id !== follower + 1)) {
    await three.pause(id);
  }
  await until('one is held no more', () => !candidacy.isHeld());
  // The server still answers: it has not noticed yet that nobody follows it.
  expect(reader.isHeld()).toBe(true);
  await Promise.all([candidacy.close(), reader.close()]);
});
