import { expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../src/model/address.ts';

test('an address is a host and a port', () => {
  expect(parseAddress('10.0.0.1:5050')).toEqual({ host: '10.0.0.1', port: 5050 });
  expect(parseAddress('node-1.example:1')).toEqual({ host: 'node-1.example', port: 1 });
  expect(parseAddress('[::1]:65535')).toEqual({ host: '::1', port: 65_535 });
});

test.each(['', ':', '10.0.0.1', '10.0.0.1:', ':5050', 'h:0', 'h:65536', 'h:-1', 'h:5e3', 'h: 50'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test.each(['10.0.0.1:5050', '[fe80::1]:5051', 'name:80'])('%s is written as it was', (text) => {
  const address = parseAddress(text);
  expect(address && formatAddress(address)).toBe(text);
});
