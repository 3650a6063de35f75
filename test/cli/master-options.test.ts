// The options that a master gets from well-formed flags.
import { expect, test } from 'vitest';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import { MASTER_FLAGS } from '../../src/cli/master/flags.ts';
import { domainOf, masterOptions, weightsOf } from '../../src/cli/master/options.ts';
import { Random } from '../../src/model/random.ts';
import { DEFAULT_OPTIONS } from '../support/master-options.ts';

test('weights are those of the roles', () => {
  expect(weightsOf('eng=2, ops=1.5', undefined)).toEqual({ eng: 2, ops: 1.5 });
});

test.each([
  ['a=1,a=2', "--weights gives the role 'a' two weights"],
  ['a=1, a=1', "--weights gives the role 'a' two weights"],
  ['__proto__=1,__proto__=2', "--weights gives the role '__proto__' two weights"],
])('a role has one weight: %s', (weights, message) => {
  expect(() => weightsOf(weights, undefined)).toThrow(message);
});

test('a domain has no field that it does not have', () => {
  const fault_domain = { region: { name: 'a' }, zone: { name: 'b' } };
  expect(domainOf({ fault_domain })).toEqual({ fault_domain });
  const misspelled = { fault_domain: { ...fault_domain, zone: { name: 'b', rack: 'r' } } };
  expect(() => domainOf(misspelled)).toThrow(
    "--domain has the unknown field 'fault_domain.zone.rack'",
  );
});

test('without flags a master is told what the tests of masters tell theirs', () => {
  const { values } = parseFlags(MASTER_FLAGS, { argv: ['--work_dir=/tmp/w'], environment: {} });
  const options = masterOptions(values, {
    address: { listenIp: '127.0.0.1', listenPort: 1, ip: '127.0.0.1', port: 1, hostname: 'h' },
    flagTexts: {},
    nowMs: 0,
    random: new Random(1),
  });
  expect(options).toMatchObject({
    ...DEFAULT_OPTIONS,
    rootUsers: expect.arrayContaining(['root']),
  });
});
