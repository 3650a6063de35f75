// What `secure check` finds of servers that are no masters; test/e2e/secure.test.ts has real ones.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { serverFindings } from '../../../src/cli/secure/server-findings.ts';

test.each([
  ['null'],
  ['[]'],
  ['{}'],
  ['"flags"'],
  ['{"flags": 5}'],
  ['{"flags": null}'],
  ['{"flags": {"authenticate_http_readonly": 5}}'],
])('flags of another shape are not taken for none: %s', async (answer) => {
  const server = createServer((_request, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const address = `127.0.0.1:${port}`;
  const asked = { kind: 'master', address, tls: undefined, credential: undefined } as const;
  const findings = await serverFindings(asked);
  server.closeAllConnections();
  server.close();
  expect(findings.map(({ what }) => what)).toEqual([
    'it takes connections that are not encrypted',
    'it cannot be asked: what it answers has no flags',
  ]);
});
