// The order of questions: claims about silent addresses delay no other claims.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { OwnerAnswer } from '../../src/http/senders/connection-owner.ts';
import { Questions } from '../../src/http/senders/questions.ts';
import { plainDialer } from '../../src/http/transport/dialer.ts';

const MOST = 64;
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) {
    close();
  }
});

/** Listens at all addresses of the machine; returns its port. */
async function program(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Asks about addresses that accept connections and stay silent; counts the questions that were
 * sent.
 */
async function crowd() {
  let asked = 0;
  const mute = await program(() => {
    asked++;
  });
  const honest = await program((_request, response) => response.writeHead(404).end());
  const questions = new Questions(MOST, plainDialer);
  let next = 0;
  return {
    questions,
    get asked() {
      return asked;
    },
    claim(place: string, count: number): void {
      for (const end = next + count; next < end; next++) {
        const address = `127.1.${next >> 7}.${1 + (next & 127)}:${mute}`;
        closing.push(questions.ask(place, { address, key: '', to: '' }, () => {}));
      }
    },
    honest: (place: string) =>
      new Promise<OwnerAnswer>((resolve) => {
        questions.ask(place, { address: `127.0.0.1:${honest}`, key: '', to: '' }, resolve);
      }),
  };
}

describe('an honest process is asked about', () => {
  test('before hundreds of claims from its own place that came first', async () => {
    const all = await crowd();
    all.claim('its own', 400);
    expect(await all.honest('its own')).toBe('other');
    expect(all.asked).toBeLessThan(200);
  });

  test('before hundreds of claims from its own place that came after it', async () => {
    const all = await crowd();
    all.claim('its own', 60);
    const answer = all.honest('its own');
    all.claim('its own', 340);
    expect(await answer).toBe('other');
    expect(all.asked).toBeLessThan(200);
  });

  test('where claims from several other places take all that there may be', async () => {
    const all = await crowd();
    for (const place of ['one', 'two', 'three']) {
      all.claim(place, 200);
    }
    const answer = all.honest('its own');
    all.claim('four', 200);
    expect(await answer).toBe('other');
    expect(all.asked).toBeLessThan(300);
  });
});

test('no more questions are out than there may be, and half of them from one place', async () => {
  const all = await crowd();
  all.claim('one', 100);
  expect(all.questions.running).toBe(MOST / 2);
  all.claim('two', 100);
  all.claim('three', 100);
  expect(all.questions.running).toBe(MOST);
});

test('one address gets a few questions at once, and all of them in the end', async () => {
  let most = 0;
  let now = 0;
  const port = await program((_request, response) => {
    most = Math.max(most, ++now);
    setImmediate(() => {
      now--;
      response.end('mine');
    });
  });
  const questions = new Questions(MOST, plainDialer);
  const asked = Array.from({ length: 50 }, (_, i) => {
    const question = { address: `127.0.0.1:${port}`, key: `${i}`, to: '' };
    return new Promise<OwnerAnswer>((resolve) => {
      questions.ask('place', question, resolve);
    });
  });
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['mine']));
  expect(most).toBeLessThanOrEqual(4);
  expect(questions.running).toBe(0);
});
