import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DESCRIPTIONS } from '../../scripts/api/descriptions.ts';
import { EXAMPLE_CALLS } from '../../scripts/api/example-calls.ts';
import { apiReference } from '../../scripts/api/reference.ts';
import { AGENT_CALLS, MASTER_CALLS } from '../../src/security/access-tables.ts';
import { root } from '../support/sources.ts';

test('docs/http-api.md is current', () => {
  expect(
    readFileSync(join(root, 'docs', 'http-api.md'), 'utf8'),
    'run `npm run docs:pages` to write the page again',
  ).toBe(apiReference());
});

/** Calls without an example, and why. */
const WITHOUT = [
  ...['ATTACH_CONTAINER_INPUT', 'ATTACH_CONTAINER_OUTPUT'], // Streams of a container with a terminal.
  'PULL_IMAGE', // It needs a registry.
];

test('each call of operators is described, and has an example', () => {
  for (const [server, calls] of [
    ['master', MASTER_CALLS],
    ['agent', AGENT_CALLS],
  ] as const) {
    const names = Object.keys(calls).filter((name) => !/RESOURCE_PROVIDER_/.test(name));
    const described = Object.keys(DESCRIPTIONS[server] ?? {});
    expect(names.filter((name) => !described.includes(name))).toEqual([]);
    expect(described.filter((name) => !names.includes(name))).toEqual([]);
    const shown = EXAMPLE_CALLS.filter((each) => each.server === server).map(
      ({ call }) => call.type,
    );
    expect(names.filter((name) => !shown.includes(name) && !WITHOUT.includes(name))).toEqual([]);
  }
});
