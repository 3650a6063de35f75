// Nothing is left of containers whose agent was killed at any moment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import { MACHINE } from './mapped-machine.ts';

const FUNCTIONS = new URL('./kills.ts', import.meta.url).href;
/** Of each life, the step at which it ends. */
const LIVES = [4, 7, 14];

test.runIf(canMakeNetworks)(
  'agents that are killed, one after the other',
  async () => {
    using folder = temporaryFolder();
    await using machine = await NetworkNamespace.make();
    await machine.shell(MACHINE);
    const file = join(folder.path, 'records.json');
    const script = `import(${JSON.stringify(FUNCTIONS)}).then((it) => it.liveUntilKilled(${JSON.stringify(file)}))`;
    const [program, ...parameters] = machine.entering(process.execPath, '--eval', script);
    for (const steps of LIVES) {
      const agent = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(agent, 'exit');
      let step = 0;
      for await (const _ of createInterface(agent.stdout)) {
        if (++step === steps) {
          agent.kill('SIGKILL');
        }
      }
      await ended;
      expect(await machine.call(FUNCTIONS, 'comeAfter', file)).toBe('');
    }
  },
  30_000,
);
