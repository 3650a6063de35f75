// How an agent fetches, by its flags and its environment.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchOptions, proxiesOf } from '../../src/cli/agent/fetching.ts';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { FlagError, parseFlags } from '../../src/cli/flags/parse.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesoscale-fetching-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function options(argv: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { values } = parseFlags(AGENT_FLAGS, { argv: [...argv], environment: {} });
  return fetchOptions(values, join(folder, 'work'), environment);
}

describe('the cache', () => {
  test("has Mesos's folder and size where nothing is said", () => {
    expect(options([]).cache).toEqual({ folder: '/tmp/mesos/fetch', bytes: 2 * 2 ** 30 });
  });

  test('is none where it has no room', () => {
    expect(options(['--fetcher_cache_size=0B']).cache).toBeUndefined();
  });

  test.each(['', '/meta', '/slaves/below', '/downloads'])(
    "does not lie among the agent's own files: work_dir%s",
    (below) => {
      const attempt = () => options([`--fetcher_cache_dir=${join(folder, 'work')}${below}`]);
      expect(attempt).toThrow(FlagError);
      expect(attempt).toThrow('the cache needs a folder of its own');
    },
  );

  test('may lie beside them', () => {
    const path = join(folder, 'work/fetch');
    expect(options([`--fetcher_cache_dir=${path}`]).cache?.folder).toBe(path);
  });
});

describe('--hadoop_home', () => {
  test('without a client in it is an error at the start', () => {
    const attempt = () => options([`--hadoop_home=${folder}`]);
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow(`expects a folder with the program bin/hadoop, got '${folder}'`);
  });

  test('says which client is used', () => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin/hadoop'), '#!/bin/sh\n', { mode: 0o755 });
    const { hadoop } = options([`--hadoop_home=${folder}`], { HADOOP_HOME: '/other' });
    expect(hadoop?.program).toBe(join(folder, 'bin/hadoop'));
  });
});

describe('proxies', () => {
  test('are those that curl would ask', () => {
    expect(
      proxiesOf({ http_proxy: 'proxy:3128', HTTPS_PROXY: 'https://me:pw@other', no_proxy: 'near' }),
    ).toEqual({
      http_proxy: 'http://proxy:3128',
      https_proxy: 'https://me:pw@other',
      no_proxy: 'near',
    });
    expect(proxiesOf({ HTTP_PROXY: 'a-client-could-set-it' }).http_proxy).toBeUndefined();
    expect(proxiesOf({ all_proxy: 'http://all', https_proxy: 'http://one' })).toMatchObject({
      http_proxy: 'http://all',
      https_proxy: 'http://one',
    });
  });

  test.each([
    ['socks5://host', 'a proxy of socks5://'],
    ['http://[', 'something else'],
  ])('of another kind are an error at the start: %s', (text, words) => {
    const attempt = () => options([], { http_proxy: text });
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow(words);
  });

  test('that are wrong do not give their password away', () => {
    const attempt = () => options([], { http_proxy: 'socks5://me:topsecret@host' });
    expect(attempt).toThrow(expect.not.objectContaining({ message: /topsecret/ }));
  });
});
