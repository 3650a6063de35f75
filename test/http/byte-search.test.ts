// A short search with bytes of strangers; `npm run test:long -- --suite=security` goes on with
// other seeds.
import { test } from 'vitest';
import { searchAgentBytes } from './agent-byte-search.ts';
import { searchBytes, searchTlsBytes } from './byte-search.ts';

test.each([1, 2, 3])('no bytes of seed %i reach the master without a secret', searchBytes);

test.each([1, 2, 3])('no bytes of seed %i reach an agent so', searchAgentBytes);

test('nor do any reach a master with TLS that wants certificates', () => searchTlsBytes(1));
