import { expect, test } from 'vitest';
import { SharedWork } from '../../../src/containerizer/images/shared-work.ts';

const never = new AbortController().signal;

const by = (key: string, owner = 'me', joined?: () => void) => ({
  ...{ key, owner },
  ...(joined && { joined }),
});

/** Work that is begun, and comes to its end when a test says so. */
class Work {
  readonly begun: { readonly done: PromiseWithResolvers<string>; readonly abort: AbortSignal }[] =
    [];
  readonly begin = (abort: AbortSignal): Promise<string> => {
    const done = Promise.withResolvers<string>();
    abort.addEventListener('abort', () => done.reject(abort.reason));
    this.begun.push({ done, abort });
    return done.promise;
  };
}

test('who asks for the same while it is done gets it, and who asks later has it done anew', async () => {
  const shared = new SharedWork<string>();
  const work = new Work();
  const all = [1, 2, 3].map(() => shared.run(by('a'), never, work.begin));
  const other = shared.run(by('b'), never, work.begin);
  expect(work.begun).toHaveLength(2);
  work.begun[0]?.done.resolve('first');
  work.begun[1]?.done.resolve('other');
  expect(await Promise.all([...all, other])).toEqual(['first', 'first', 'first', 'other']);
  const again = shared.run(by('a'), never, work.begin);
  work.begun[2]?.done.resolve('second');
  expect(await again).toBe('second');
});

test('it goes on until the last one gives up', async () => {
  const shared = new SharedWork<string>();
  const work = new Work();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = shared.run(by('a'), one.signal, work.begin);
  const second = shared.run(by('a'), two.signal, work.begin);
  one.abort(new Error('one has left'));
  await expect(first).rejects.toThrow('one has left');
  expect(work.begun[0]?.abort.aborted).toBe(false);
  two.abort(new Error('two has left'));
  await expect(second).rejects.toThrow('two has left');
  expect(work.begun[0]?.abort.aborted).toBe(true);
  const third = shared.run(by('a'), never, work.begin);
  work.begun[1]?.done.resolve('anew');
  expect(await third).toBe('anew');
});

test('who has joined what fails tries by himself', async () => {
  const shared = new SharedWork<string>();
  const work = new Work();
  const first = shared.run(by('a'), never, work.begin);
  const others = [shared.run(by('a'), never, work.begin), shared.run(by('a'), never, work.begin)];
  work.begun[0]?.done.reject(new Error('no access'));
  await expect(first).rejects.toThrow('no access');
  await expect.poll(() => work.begun.length).toBe(2);
  work.begun[1]?.done.resolve('access');
  expect(await Promise.all(others)).toEqual(['access', 'access']);
});

test('the work knows who waits for it, and others hear of who has joined', async () => {
  const shared = new SharedWork<string>();
  const done = Promise.withResolvers<string>();
  let owners: ReadonlySet<string> = new Set();
  const begin = (_: AbortSignal, those: ReadonlySet<string>) => {
    owners = those;
    return done.promise;
  };
  const seen: string[][] = [];
  const joined = () => void seen.push([...owners]);
  const all = ['me', 'me', 'you'].map((owner) => shared.run(by('a', owner, joined), never, begin));
  expect(seen).toEqual([['me', 'you']]);
  done.resolve('done');
  await Promise.all(all);
});

test('an abort before is an abort', async () => {
  const work = new Work();
  const abort = AbortSignal.abort(new Error('too late'));
  await expect(new SharedWork<string>().run(by('a'), abort, work.begin)).rejects.toThrow(
    'too late',
  );
  expect(work.begun).toEqual([]);
});
