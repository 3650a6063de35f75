// Which connections are closed when there are too many, or when they are idle for too long.
import { describe, expect, test } from 'vitest';
import type { ConnectionBounds } from '../../src/http/transport/connections.ts';
import { openPort } from './open-port.ts';
import { type RawSocket, statuses } from './raw-socket.ts';

/** A port whose responses to /stream do not end. */
const start = (bounds: ConnectionBounds, isLinked = false) =>
  openPort({
    isLinked,
    receive: (_to, _name, { sender, claim, body }) => {
      sender.admit(claim, { name: 'M', body }, () => {});
      return true;
    },
    handler: (request, response) => {
      if (request.url === '/stream') {
        response.write('.');
      } else {
        response.end('.');
      }
    },
    bounds,
  });

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const MESSAGE = 'POST /master/x HTTP/1.1\r\nLibprocess-From: a@127.0.0.1:1\r\n';
const answered = (raw: RawSocket) => raw.until((text) => statuses(text).length > 0);

describe('more connections than there may be', () => {
  test('end the longest idle one, never a stream or a peer', async () => {
    const { listener, connect } = await start({ most: 6 });
    const stream = await connect(get('/stream'));
    const peer = await connect(`${MESSAGE}\r\n`);
    await answered(stream);
    await answered(peer);
    // Two silent connections are spared: this address has a stream and a peer.
    const idle = [await connect(get('/')), await connect(get('/'))];
    await Promise.all(idle.map(answered));
    const others = [await connect(get('/a')), await connect(get('/b'))];
    await Promise.all(others.map(answered));
    for (let round = 0; round < 20; round++) {
      const asker = await connect(get('/'));
      expect(statuses(await answered(asker))).toEqual([200]);
    }
    expect(listener.connections).toBeLessThanOrEqual(6);
    expect([...idle, stream, peer].map(({ closed }) => closed)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    await Promise.all(others.map((raw) => raw.end()));
  });

  test('are told 503 where all are in use', async () => {
    const { connect } = await start({ most: 2 });
    const streams = [await connect(get('/stream')), await connect(get('/stream'))];
    await Promise.all(streams.map(answered));
    const raw = await connect(get('/'));
    expect(statuses(await raw.end())).toEqual([503]);
    expect(raw.text).toContain('Too many connections are open.');
  });

  test('are told 503, too, where they say nothing', async () => {
    const { connect } = await start({ most: 1 });
    await answered(await connect(get('/stream')));
    const raw = await connect();
    expect(statuses(await answered(raw))).toEqual([503]);
  });

  test('are answered the question whose a connection is, all the same', async () => {
    const { connect } = await start({ most: 1 });
    await answered(await connect(get('/stream')));
    for (let round = 0; round < 40; round++) {
      const raw = await connect(get('/mesoscale/connection?key=&to='));
      expect(statuses(await answered(raw))).toEqual([200]);
      raw.close();
    }
  });

  test('are let in where one address has many event streams: its newest end', async () => {
    const { connect } = await start({ most: 40 });
    const streams: RawSocket[] = [];
    for (let i = 0; i < 40; i++) {
      const stream = await connect(get('/stream'));
      await answered(stream);
      streams.push(stream);
    }
    for (let round = 0; round < 5; round++) {
      expect(statuses(await answered(await connect(get('/'))))).toEqual([200]);
    }
    await streams.at(-1)?.end();
    expect(streams.slice(0, 16).filter(({ closed }) => closed)).toEqual([]);
  });

  test('are let in where one claimed sender has many: a few of them count as a peer', async () => {
    const { connect } = await start({ most: 40 });
    const peers: RawSocket[] = [];
    for (let i = 0; i < 40; i++) {
      const peer = await connect(`${MESSAGE}\r\n`);
      await answered(peer);
      peers.push(peer);
    }
    for (let round = 0; round < 5; round++) {
      expect(statuses(await answered(await connect(get('/'))))).toEqual([200]);
    }
    expect(peers.slice(0, 4).filter(({ closed }) => closed)).toEqual([]);
  });

  test('never end those of a process that a link is kept to', async () => {
    const { connect } = await start({ most: 40 }, true);
    const peers = await Promise.all(Array.from({ length: 8 }, () => connect(`${MESSAGE}\r\n`)));
    await Promise.all(peers.map(answered));
    for (let i = 0; i < 60; i++) {
      await answered(await connect(get('/stream')));
    }
    expect(peers.filter(({ closed }) => closed)).toEqual([]);
  });

  test('end requests that do not come to an end', async () => {
    const { connect } = await start({ most: 3 });
    const slow = [
      await connect(`${MESSAGE}Content-Length: 10\r\n\r\nabc`),
      await connect('GET / HTTP/1.1\r\nHost'),
      await connect('POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'),
    ];
    for (let round = 0; round < 3; round++) {
      expect(statuses(await answered(await connect(get('/'))))).toEqual([200]);
    }
    await Promise.all(slow.map((raw) => raw.end()));
  });
});

describe('a connection that does nothing', () => {
  test('is ended after a while, if it is a stranger of whose address nothing else is in use', async () => {
    const { connect } = await start({ idleMs: 40, lookMs: 10 });
    const strangers = [await connect(), await connect(get('/'))];
    await Promise.all(strangers.map((raw) => raw.end()));
  });

  test('stays if it is a peer, a stream, or the other connection of one', async () => {
    const { connect } = await start({ idleMs: 40, lookMs: 10 });
    const peer = await connect(`${MESSAGE}\r\n`);
    const stream = await connect(get('/stream'));
    await answered(peer);
    await answered(stream);
    const silent = [await connect(), await connect()];
    const stranger = await connect();
    await stranger.end();
    const next = await connect();
    await next.end();
    expect([peer, stream, ...silent].map(({ closed }) => closed)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  test('is ended in the middle of a message, peer or not', async () => {
    const { connect } = await start({ stallMs: 40, lookMs: 10 });
    const peer = await connect(`${MESSAGE}\r\n${MESSAGE}Content-Length: 10\r\n\r\nabc`);
    expect(statuses(await peer.end())).toEqual([202]);
  });

  test('may not make a message last for ever, byte by byte', async () => {
    const { connect } = await start({ totalMs: 60, lookMs: 10 });
    const raw = await connect(`${MESSAGE}Content-Length: 100000\r\n\r\n`);
    const drip = setInterval(() => raw.socket.write('x'), 5);
    await raw.end();
    clearInterval(drip);
  });
});
