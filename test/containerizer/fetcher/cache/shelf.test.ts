// What may come into the cache, and what goes for it: whatever is asked in whichever order, the
// files never take more than the bound.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Shelf } from '../../../../src/containerizer/fetcher/cache/shelf.ts';

const shelfOf = (bytes: number, files = 100) => new Shelf({ bytes, files });

test('the file that was not used for the longest time goes first, and no more than has to', () => {
  const shelf = shelfOf(10);
  for (const name of ['a', 'b', 'c']) {
    shelf.add(name, 3);
  }
  shelf.use('a');
  shelf.leave('a');
  shelf.add('new', 0);
  expect(shelf.reserve('new', 3)).toEqual(['b']);
  expect(shelf.usedBytes).toBe(9);
});

test('a file in use stays, and where only such are left nothing goes', () => {
  const shelf = shelfOf(10);
  shelf.add('used', 6);
  shelf.add('unused', 4);
  shelf.use('used');
  shelf.add('new', 0);
  expect(shelf.reserve('new', 5)).toBeUndefined();
  expect(shelf.usedBytes).toBe(10);
  shelf.leave('used');
  expect(shelf.reserve('new', 5)).toEqual(['unused', 'used']);
});

test('a file that is smaller than its room gives the rest back', () => {
  const shelf = shelfOf(10);
  shelf.add('new', 0);
  shelf.reserve('new', 10);
  shelf.settle('new', 4);
  expect(shelf.usedBytes).toBe(4);
});

test('there are no more files than the bound says, however small they are', () => {
  const shelf = shelfOf(1_000, 2);
  for (const name of ['a', 'b', 'c']) {
    shelf.add(name, 1);
  }
  expect(shelf.shrink()).toEqual(['a']);
});

/** The shelf once more, slowly: a list of files, the one that was used last at its end. */
class Model {
  files: { name: string; bytes: number; users: number }[] = [];

  find(name: string) {
    return this.files.find((file) => file.name === name);
  }

  get used() {
    return this.files.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

const BOUND = { bytes: 50, files: 6 };
const name = fc.integer({ min: 0, max: 9 }).map(String);
const act = fc.oneof(
  fc.record({ type: fc.constant('fetch' as const), name, bytes: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ type: fc.constant('settle' as const), name, share: fc.double({ min: 0, max: 1 }) }),
  fc.record({ type: fc.constant('use' as const), name }),
  fc.record({ type: fc.constant('leave' as const), name }),
  fc.record({ type: fc.constant('remove' as const), name }),
);

test('random histories keep the bounds, and what is in use', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const shelf = new Shelf(BOUND);
      const model = new Model();
      for (const it of acts) {
        const file = model.find(it.name);
        switch (it.type) {
          case 'fetch': {
            if (file !== undefined || model.files.length > BOUND.files) {
              break;
            }
            shelf.add(it.name, 0);
            shelf.use(it.name);
            model.files.push({ name: it.name, bytes: 0, users: 1 });
            const left = shelf.reserve(it.name, it.bytes);
            const unused = model.files.filter(({ users }) => users === 0);
            if (left === undefined) {
              const freed = unused.reduce((sum, { bytes }) => sum + bytes, 0);
              const kept = model.files.length - unused.length;
              expect(model.used - freed + it.bytes > BOUND.bytes || kept > BOUND.files).toBe(true);
              shelf.remove(it.name);
              model.files.pop();
            } else {
              expect(left).toEqual(unused.slice(0, left.length).map((other) => other.name));
              model.files = model.files.filter((other) => !left.includes(other.name));
              (model.find(it.name) as { bytes: number }).bytes = it.bytes;
            }
            break;
          }
          case 'settle':
            if (file !== undefined) {
              file.bytes = Math.floor(file.bytes * it.share);
              shelf.settle(it.name, file.bytes);
            }
            break;
          case 'use':
            if (file !== undefined) {
              shelf.use(it.name);
              file.users++;
              model.files = [...model.files.filter((other) => other !== file), file];
            }
            break;
          case 'leave':
            if (file !== undefined && file.users > 0) {
              shelf.leave(it.name);
              file.users--;
            }
            break;
          case 'remove':
            shelf.remove(it.name);
            model.files = model.files.filter((other) => other !== file);
            break;
        }
        expect(shelf.usedBytes).toBe(model.used);
        expect(shelf.usedBytes).toBeLessThanOrEqual(BOUND.bytes);
      }
    }),
  );
});
