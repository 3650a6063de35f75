import { afterEach, expect, test, vi } from 'vitest';
import { FrameworkSession } from '../../src/cli/framework/framework-session.ts';
import { plainDialer } from '../../src/http/transport/dialer.ts';
import { freePort } from '../support/cluster.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('while a master is away, the terminal says now and then that it is waited for', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const master = { address, follow: () => undefined, close: () => undefined };
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const said: string[] = [];
  const session = new FrameworkSession({
    master,
    codec: 'json',
    framework: { user: 'root', name: 'test' },
    credential: undefined,
    dialer: plainDialer,
    say: (text) => said.push(text),
    onEvent: () => {},
  });
  vi.advanceTimersByTime(1_000);
  expect(said).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(said).toEqual([expect.stringContaining(`Waiting for the master at ${address}`)]);
  vi.advanceTimersByTime(90_000);
  expect(said).toHaveLength(4);
  session.close();
  vi.advanceTimersByTime(90_000);
  expect(said).toHaveLength(4);
});
