// The end of a process, and what is closed before.
import { afterEach, describe, expect, test, vi } from 'vitest';
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

  test('says what it has waited for too long', async () => {
    vi.useFakeTimers();
    try {
      const log: string[] = [];
      const logger = { ...silentLogger, error: (text: string) => log.push(text) };
      const shutdown = new Shutdown(logger, (code) => log.push(`exit ${code}`));
      shutdown.add('registry', () => {});
      shutdown.add('containers', () => new Promise(() => {}));
      void shutdown.run(0);
      await vi.advanceTimersByTimeAsync(5_000);
      expect(log).toEqual(['Shutting down takes too long (closing containers), exiting', 'exit 1']);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a signal', () => {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const before = signals.map((signal) => [signal, process.listeners(signal)] as const);
  afterEach(() => {
    for (const [signal, listeners] of before) {
      for (const listener of process.listeners(signal)) {
        if (!listeners.includes(listener)) {
          process.off(signal, listener);
        }
      }
    }
  });

  test('asks to stop, and ends at once what has been asked before', () => {
    const log: string[] = [];
    const shutdown = new Shutdown(silentLogger, (code) => log.push(`exit ${code}`));
    shutdown.onSignals(() => log.push('stop'));
    process.emit('SIGTERM');
    process.emit('SIGINT');
    process.emit('SIGTERM');
    expect(log).toEqual(['stop', 'exit 130', 'exit 143']);
  });

  test('ends at once a process that is ending by itself', async () => {
    const log: string[] = [];
    const shutdown = new Shutdown(silentLogger, (code) => log.push(`exit ${code}`));
    shutdown.onSignals(() => log.push('stop'));
    const end = shutdown.run(3);
    process.emit('SIGTERM');
    await end;
    expect(log).toEqual(['exit 143', 'exit 3']);
  });
});
