// How many secrets may be tried, from where, and who waits because of others: nobody elsewhere.
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { BasicAuthenticator } from '../../src/http/server/authentication.ts';
import { Credentials } from '../../src/http/server/credentials.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const RIGHT = basic('ops:right');

function world() {
  let nowMs = 0;
  const people = ['ops', 'eve'].map((principal) => ({ principal, secret: 'right' }));
  const authenticator = new BasicAuthenticator(
    'mesos-master-readwrite',
    new Credentials(people, () => nowMs),
  );
  const tried = (header: string, address: string, connection?: Duplex) => {
    const result = authenticator.authenticate(header, { address, connection });
    return 'principal' in result ? 'right' : (result.waitMs ?? 'wrong');
  };
  let count = 0;
  return {
    tried,
    guess: (address: string, who = 'ops', connection?: Duplex) =>
      tried(basic(`${who}:${count++}`), address, connection),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

test('a place has twenty, and then one every three seconds; a right one waits, too', () => {
  const { tried, guess, pass } = world();
  // Who is right before is none the wiser afterwards.
  expect(tried(RIGHT, '10.0.0.1')).toBe('right');
  expect(new Set(times(20, () => guess('10.0.0.1')))).toEqual(new Set(['wrong']));
  expect(guess('10.0.0.1')).toBe(3_000);
  expect(guess('10.0.0.1', 'eve')).toBe(3_000);
  expect(guess('::ffff:10.0.0.1', 'nobody')).toBe(3_000);
  expect(tried(RIGHT, '10.0.0.1')).toBe(3_000);
  expect(tried(RIGHT, '10.0.0.2')).toBe('right');
  pass(2_999);
  expect(tried(RIGHT, '10.0.0.1')).toBe(1);
  pass(1);
  expect(tried(RIGHT, '10.0.0.1')).toBe('right');
  expect([guess('10.0.0.1'), guess('10.0.0.1')]).toEqual(['wrong', 3_000]);
  pass(60_000);
  expect(times(21, () => guess('10.0.0.1')).slice(-2)).toEqual(['wrong', 3_000]);
});

test('a secret that is wrong again and again guesses nothing', () => {
  const { tried, guess } = world();
  expect(new Set(times(100, () => tried(basic('ops:old'), '10.0.0.1')))).toEqual(
    new Set(['wrong']),
  );
  expect(times(20, () => guess('10.0.0.1')).slice(-2)).toEqual(['wrong', 3_000]);
});

test('a network of IPv6 is one place, and so is the machine itself', () => {
  const { guess } = world();
  let last = 0;
  times(20, () => guess(`2001:db8::${(++last).toString(16)}`));
  expect(guess('2001:db8:0:0:1:2:3:4')).toBe(3_000);
  expect(guess('2001:db8:0:1::1')).toBe('wrong');
  times(20, () => guess(`127.0.0.${++last}`));
  expect(guess('127.9.9.9')).toBe(3_000);
});

test('who many places guess at is tried once a minute from each, and from others as ever', () => {
  const { tried, guess, pass } = world();
  for (let place = 1; place <= 10; place++) {
    times(10, () => guess(`10.0.0.${place}`));
  }
  expect(guess('10.0.0.1')).toBe(60_000);
  expect(guess('10.0.0.1', 'eve')).toBe('wrong');
  expect(tried(RIGHT, '10.0.1.1')).toBe('right');
  expect([guess('10.0.1.2'), guess('10.0.1.2')]).toEqual(['wrong', 60_000]);
  pass(60_000);
  times(20, () => guess('10.0.2.1'));
  expect([guess('10.0.1.2'), tried(RIGHT, '10.0.1.1')]).toEqual(['wrong', 'right']);
});

test('on a connection where the secret was right, others of its place are in nobody’s way', () => {
  const { tried, guess } = world();
  const [scheduler, stranger] = [new Duplex(), new Duplex()];
  expect(tried(RIGHT, '10.0.0.1', scheduler)).toBe('right');
  times(20, () => guess('10.0.0.1', 'ops', stranger));
  expect(tried(RIGHT, '10.0.0.1', stranger)).toBe(3_000);
  expect(tried(RIGHT, '10.0.0.1', scheduler)).toBe('right');
  // Nor is the connection one by which to guess.
  expect(guess('10.0.0.1', 'eve', scheduler)).toBe(3_000);
  expect(guess('10.0.0.1', 'ops', scheduler)).toBe('wrong');
  expect(tried(RIGHT, '10.0.0.1', scheduler)).toBe(6_000);
});

test('places beyond some thousands take the place of those that guessed longest ago', () => {
  const { guess } = world();
  times(20, () => guess('10.1.0.1'));
  times(20, () => guess('10.1.0.2'));
  for (let place = 0; place < 4_095; place++) {
    guess(`10.2.${place >> 8}.${place & 255}`, 'eve');
  }
  expect(guess('10.1.0.2', 'nobody')).toBe(3_000);
  expect(guess('10.1.0.1', 'nobody')).toBe('wrong');
});
