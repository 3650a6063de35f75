import { expect, test } from 'vitest';
import {
  ContainerizerError,
  containerizerErrorOf,
} from '../../src/containerizer/containerizer-error.ts';

test('what is said of a failure is cut, however much it quotes', () => {
  const quoted = '😀'.repeat(1 << 20);
  for (const { message } of [
    new ContainerizerError(`the image has no user '${quoted}'`),
    containerizerErrorOf(new Error(quoted), 'Failed to launch container'),
  ]) {
    expect(message.length).toBeLessThan(20_000);
    expect(message.endsWith('…')).toBe(true);
    expect(message.isWellFormed()).toBe(true);
  }
  expect(new ContainerizerError('short').message).toBe('short');
});
