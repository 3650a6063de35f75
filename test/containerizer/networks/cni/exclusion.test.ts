import { setImmediate as immediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Exclusion } from '../../../../src/containerizer/networks/cni/exclusion.ts';

test('what goes on alone waits for all that has come, and all that comes later for it', async () => {
  const exclusion = new Exclusion();
  const events: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => async () => {
    events.push(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.set(name, resolve);
    await promise;
  };
  const all = [
    exclusion.shared(work('one')),
    exclusion.shared(work('two')),
    exclusion.alone(work('alone')),
    exclusion.shared(work('three')),
    exclusion.alone(work('again')),
    exclusion.shared(work('four')),
  ];
  const ending = async (...names: string[]) => {
    for (const name of names) {
      ends.get(name)?.();
    }
    await immediate();
    return events.splice(0);
  };
  expect(await ending()).toEqual(['one', 'two']);
  expect(await ending('two')).toEqual([]);
  expect(await ending('one')).toEqual(['alone']);
  expect(await ending('alone')).toEqual(['three']);
  expect(await ending('three')).toEqual(['again']);
  expect(await ending('again')).toEqual(['four']);
  await ending('four');
  await Promise.all(all);
});

test('what fails keeps nothing waiting', async () => {
  const exclusion = new Exclusion();
  const fail = async () => {
    throw new Error('no');
  };
  await expect(exclusion.shared(fail)).rejects.toThrow('no');
  await expect(exclusion.alone(fail)).rejects.toThrow('no');
  expect(await exclusion.shared(async () => 'yes')).toBe('yes');
});
