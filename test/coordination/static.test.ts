import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StandaloneContender } from '../../src/coordination/standalone.ts';
import { findMaster, parseMaster, StaticDetector } from '../../src/coordination/static-detector.ts';

test('a master that stands alone is elected when it contends, and leads to its end', async () => {
  const heard: string[] = [];
  const contender = new StandaloneContender();
  contender.contend(
    { id: 'm', ip: 0, port: 5050 },
    {
      elected: () => heard.push('elected'),
      lost: (reason) => heard.push(reason),
      refused: (reason) => heard.push(reason),
    },
  );
  expect(contender.leads()).toBe(true);
  await contender.withdraw();
  expect(heard).toEqual(['elected']);
});

/** A name server that answers with each of `ips` in turn, and then always with the last. */
function detect(host: string, ips: readonly (string | undefined)[]) {
  const heard: unknown[] = [];
  const warnings: string[] = [];
  const asked: number[] = [];
  const detector = new StaticDetector({
    address: { host, port: 5050 },
    lookUp: async (name) => {
      expect(name).toBe(host);
      const ip = ips[Math.min(asked.push(Date.now()), ips.length) - 1];
      if (ip === undefined) {
        throw Object.assign(new Error(`getaddrinfo ${name}`), { code: 'ENOTFOUND' });
      }
      return ip;
    },
    hostnameOf: async (ip) => (ip === '10.0.0.1' ? 'one' : undefined),
    warn: (text) => warnings.push(text),
  });
  const unwatch = detector.watch((leader) => heard.push(leader));
  return { detector, heard, warnings, asked, unwatch };
}

const ONE = { pid: 'master@10.0.0.1:5050', hostname: 'one' };
const TWO = { pid: 'master@10.0.0.2:5050', hostname: '10.0.0.2' };

describe('a detector of a given address', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('names that master, and looks no address up twice', async () => {
    const { detector, heard, asked } = detect('10.0.0.1', ['10.0.0.1']);
    await vi.advanceTimersByTimeAsync(60_000);
    detector.lookAgain();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heard).toEqual([ONE]);
    expect(asked).toHaveLength(1);
  });

  test('looks a name up until it has an address, and says so ever less often', async () => {
    const { heard, warnings, asked } = detect('m', [...Array(20).fill(undefined), '10.0.0.1']);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked).toHaveLength(3);
    expect(heard).toEqual([]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(heard).toEqual([ONE]);
    expect(asked).toHaveLength(21);
    expect(warnings).toHaveLength(5);
    expect(warnings[0]).toBe(
      'The name of the master, m, has no address (ENOTFOUND). Looking it up again',
    );
  });

  test('looks a name up again where its master is out of reach, but not all the time', async () => {
    const { detector, heard, asked, unwatch } = detect('m', ['10.0.0.1', undefined, '10.0.0.2']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    for (let second = 0; second < 60; second++) {
      detector.lookAgain();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(heard).toEqual([ONE, TWO]);
    expect(asked.length).toBeLessThan(15);
    unwatch();
    const before = asked.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(before);
  });
});

test('an address of a master is host:port, with 5050 where no port is given', async () => {
  expect(await findMaster(' http://10.0.0.1:6000/ ')).toMatchObject({ ip: '10.0.0.1', port: 6000 });
  expect(await findMaster('https://10.0.0.1:6000')).toEqual({
    host: '10.0.0.1',
    ip: '10.0.0.1',
    port: 6000,
  });
  expect(await findMaster('master@10.0.0.1')).toMatchObject({ ip: '10.0.0.1', port: 5050 });
});

test.each([
  ['10.0.0.1:70000', "--master expects host:port or zk://…, got '10.0.0.1:70000'"],
  ['a b', "--master expects host:port or zk://…, got 'a b'"],
])('%s is refused', async (text, message) => {
  await expect(findMaster(text)).rejects.toMatchObject({
    code: 'MESOSCALE_MASTER_ADDRESS',
    message,
  });
});

describe('an address that is written', () => {
  const label = 'a'.repeat(63);

  test.each(['a..b', '-', '.', '.a', 'a-.b', `${label}a`, `${label}.`.repeat(5)])(
    'is refused where its name can have no address: %s',
    (host) => {
      expect(() => parseMaster(`${host}:5050`)).toThrow(/cannot be the name of a host$/);
    },
  );

  test.each(['m', 'a.b.', 'm-1.example.org', '10.0.0.1', 'my_host', `${label}.${label}`])(
    'is taken: %s',
    (host) => {
      expect(parseMaster(`${host}:5051`)).toEqual({ host, port: 5051 });
    },
  );

  test('is shown in part where it is long', () => {
    expect(() => parseMaster(`${'a'.repeat(300)}:5050`)).toThrow(/^.{90,200}$/);
  });
});
