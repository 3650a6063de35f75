import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { refuseForeignAgent } from '../../src/cli/agent/options.ts';
import { FlagError } from '../../src/cli/flags/parse.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-agent-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the folder of an agent of Apache Mesos is refused, with the way out', () => {
  const workDir = join(folder, 'foreign');
  mkdirSync(join(workDir, 'meta', 'slaves'), { recursive: true });
  refuseForeignAgent(workDir);
  // The link's target may be gone: the link alone is enough.
  const latest = join(workDir, 'meta', 'slaves', 'latest');
  symlinkSync(join(workDir, 'meta', 'slaves', 'S0'), latest);
  expect(() => refuseForeignAgent(workDir)).toThrow(FlagError);
  expect(() => refuseForeignAgent(workDir)).toThrow(
    `End them with that agent (mesos-agent --recover=cleanup), then remove ${latest}, which it leaves`,
  );
  rmSync(latest);
  refuseForeignAgent(workDir);
  symlinkSync(join(workDir, 'meta', 'slaves', 'S0'), latest);
  writeFileSync(join(workDir, 'meta', 'agent.sqlite'), 'of an agent of ours');
  refuseForeignAgent(workDir);
});
