import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/runtime/logger.ts';
import { Shutdown } from '../../src/runtime/shutdown.ts';

describe('a shutdown', () => {
  test('closes what was opened last first, once, and then ends', async () => {
    const log: string[] = [];
    const shutdown = new Shutdown(silentLogger, (code) => log.push(`exit ${code}`));
    shutdown.add('registry', async () => {
      log.push('registry');
    });
    shutdown.add('server', () => {
      log.push('server');
    });
    await Promise.all([shutdown.run(3), shutdown.run(4)]);
    expect(log).toEqual(['server', 'registry', 'exit 3']);
  });

  test('goes on when something cannot be closed', async () => {
    const log: string[] = [];
    const shutdown = new Shutdown(silentLogger, (code) => log.push(`exit ${code}`));
    shutdown.add('first', () => {
      log.push('first');
    });
    shutdown.add('broken', () => Promise.reject(new Error('no')));
    await shutdown.run(0);
    expect(log).toEqual(['first', 'exit 0']);
  });
});
