// What is deleted beside all else, and the end of the agent.
import { expect, test } from 'vitest';
import { Deletions } from '../../../src/containerizer/images/deletions.ts';

test('what is to be deleted is, before the end', async () => {
  const log: string[] = [];
  const deletions = new Deletions();
  for (const name of ['a', 'b', 'c']) {
    deletions.add(async () => void log.push(name));
  }
  await deletions.close();
  expect(log).toEqual(['a', 'b', 'c']);
});

test('the end does not wait for all of a long queue, and nothing begins after it', async () => {
  const log: string[] = [];
  const slow = Promise.withResolvers<void>();
  const deletions = new Deletions();
  deletions.add(() => slow.promise);
  deletions.add(async () => void log.push('next'));
  await deletions.close(1);
  slow.resolve();
  await deletions.close();
  expect(log).toEqual([]);
});
