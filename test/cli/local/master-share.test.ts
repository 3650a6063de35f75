// Which ports the agents of a local cluster have.
import { expect, test } from 'vitest';
import { parseFlags } from '../../../src/cli/flags/parse.ts';
import { LOCAL_FLAGS } from '../../../src/cli/local/flags.ts';
import { firstAgentPort } from '../../../src/cli/local/master-share.ts';

test.each([
  [[], 5051],
  [['--port=27000'], 27_001],
  [['--port=27000', '--masters=3'], 27_003],
  [['--port=27000', '--agent_port=5051'], 5051],
])('%j has its first agent on %i', (given, expected) => {
  expect(firstAgentPort(parseFlags(LOCAL_FLAGS, { argv: given, environment: {} }).values)).toBe(
    expected,
  );
});
