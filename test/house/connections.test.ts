// Every connection of a program is opened by the dialer that it was given: one that is opened in
// another way would go without what the dialer adds, such as TLS.
import { expect, test } from 'vitest';
import { codeOf, type Source, sources } from '../support/sources.ts';

/** Node's own ways to open a connection. */
const OPENS = /\b(?:net|tls)\.connect\(|(?<![\w.#])fetch\(|\bnew (?:net\.)?Socket\(/;
/** A request of node:http goes by a dialer where it says so; otherwise Node connects. */
const ASKS = /import \{[^}]*\b(?:request|get)\b[^}]*\} from 'node:https?'/;
const BY_DIALER = /\bcreateConnection: \(\) => dialer\.dial\(|\bagent: this\.#connections\b/;

const isWithoutDialer = (source: Source) =>
  OPENS.test(codeOf(source)) || (ASKS.test(source.text) && !BY_DIALER.test(codeOf(source)));

test('connections are opened by dialers alone', () => {
  const found = [...sources('src/http/**/*.ts'), ...sources('src/cli/**/*.ts')]
    .filter(isWithoutDialer)
    .map(({ path }) => path);
  expect(
    found,
    'Connections are opened by the dialer alone: take the Dialer of your program ' +
      '(src/http/transport/dialer.ts)',
  ).toEqual(['src/http/transport/dialer.ts', 'src/http/transport/tls-dialer.ts']);
});

/** Programs of users may leave the dialer out; a command that did would do without TLS. */
const CLIENT = /\bnew (?:Operator|Scheduler)Client\(\{([^}]*)\}/g;

test('the clients of commands have the dialer of their program', () => {
  const clients = sources('src/cli/**/*.ts').flatMap((source) =>
    [...codeOf(source).matchAll(CLIENT)].map(([, options = '']) => ({ source, options })),
  );
  expect(clients.length).toBeGreaterThan(2);
  const without = clients.filter(({ options }) => !/\bdialer\b/.test(options));
  expect(
    without.map(({ source }) => source.path),
    'A client that a command makes is given `dialer`, that of its program; else it goes without TLS',
  ).toEqual([]);
});

test.each([
  ["import { get } from 'node:http';\nget(url);", true],
  ["import { get } from 'node:http';\nget(url, { agent: this.#connections });", false],
  ['const socket = net.connect({ host, port });', true],
  ['await fetch(url);', true],
  ['await this.#fetch(url);', false],
])('%j', (text, expected) => {
  expect(isWithoutDialer({ path: 'src/http/one.ts', text })).toBe(expected);
});
