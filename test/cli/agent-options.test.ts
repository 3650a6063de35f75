import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { agentOptions } from '../../src/cli/agent-options.ts';
import { AGENT_FLAGS } from '../../src/cli/flags/agent-flags.ts';
import { FlagError, parseFlags } from '../../src/cli/flags/parse.ts';
import { Random } from '../../src/model/random.ts';

const options = (...argv: string[]) =>
  agentOptions(parseFlags(AGENT_FLAGS, { argv, environment: {} }).values, {
    address: {
      ip: '127.0.0.1',
      port: 5051,
      hostname: 'h',
      listenIp: '127.0.0.1',
      listenPort: 5051,
    },
    flagTexts: {},
    nowMs: 0,
    random: new Random(1),
    workDir: tmpdir(),
  });

describe('--default_container_info', () => {
  test.each([
    ['{"type":"MESOS","hostname":"h"}', /'hostname' is not supported/],
    ['{"type":"MESOS","network_infos":[{"name":"n"}]}', /Unknown CNI network 'n'/],
    ['{"type":"MESOS","rlimit":{}}', /unknown field 'rlimit'/],
    ['{"type":"DOCKER"}', /type MESOS/],
    ['{"hostname":"h"}', /type/],
  ])('%s is an error at the start', (text, error) => {
    const attempt = () => options(`--default_container_info=${text}`);
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow(error);
  });

  test('an empty one is taken', () => {
    const info = { type: 2 };
    expect(options('--default_container_info={"type":"MESOS"}').defaultContainerInfo).toEqual(info);
  });
});

test.each([
  ['--attributes=rack', /^--attributes: expected an attribute such as rack:r1/],
  ['--attributes=rack:{a,b}', /^--attributes: .*got a set/],
  ['--resources=cpus(a//b):1', /^--resources: .*adjacent slashes/],
])('%s is an error of one line', (flag, error) => {
  expect(() => options(flag)).toThrow(FlagError);
  expect(() => options(flag)).toThrow(error);
});
