import { expect, test } from 'vitest';
import { FlagError } from '../../../src/cli/flags/faults.ts';
import { machinesOf, thisMachine } from '../../../src/cli/secure/machine-names.ts';

test('each machine has a name of its own, and further names and addresses', () => {
  expect(machinesOf(['one.example.com/10.0.0.1', 'two / fd00::2', '127.0.0.1'])).toEqual([
    ['one.example.com', '10.0.0.1'],
    ['two', 'fd00::2'],
    ['127.0.0.1'],
  ]);
});

test.each([
  '',
  'a//b',
  'a b',
  '../etc',
  '-a',
  'a.',
  '10.0.0',
  '*.example.com',
  'a\nDNS:b',
  'a$x',
  `${'a'.repeat(64)}.b`,
  'a.'.repeat(127),
])('%j is no machine', (text) => {
  expect(() => machinesOf([text])).toThrow(FlagError);
});

test('all that are wrong are told of at once', () => {
  expect(() => machinesOf(['a_b', 'c', '/d'])).toThrow(/'a_b'\n.*got ''/);
});

test('machines are told apart by their first names, however these are written', () => {
  expect(() => machinesOf(['one/10.0.0.1', 'ONE/10.0.0.2'])).toThrow(
    '--hosts has two machines whose first name is one',
  );
  expect(() => machinesOf([])).toThrow('--hosts expects the names of machines, got none');
  expect(() => machinesOf([`a${'/b'.repeat(100)}`])).toThrow('more than 100 names');
});

test('this machine is known by names that can be certified', () => {
  const names = thisMachine();
  expect(names).toContain('localhost');
  expect(names).toContain('127.0.0.1');
  expect(machinesOf([names.join('/')])).toEqual([names]);
});
