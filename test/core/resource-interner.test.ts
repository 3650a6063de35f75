// Clients may name resources as they like: questions leave no kinds behind, and unused kinds are
// swept.
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { Algebra } from '../../src/core/algebra.ts';
import { RowLedger } from '../../src/core/ledger.ts';
import { SharedInstance } from '../../src/core/shared-instance.ts';
import { Offer_Operation_Type as OperationType } from '../../src/model/generated/messages.ts';
import { coreModule } from './load.ts';
import { cpus, disk, items, reserved, scalar, volume } from './resources.ts';

const compiled = await coreModule();

function room() {
  const shared = new SharedInstance(() => new WebAssembly.Instance(compiled, {}));
  const { kinds } = shared.run((lists) => lists);
  return { kinds, shared, algebra: new Algebra(shared) };
}

test('asking makes no kinds', () => {
  const { kinds, algebra, shared } = room();
  const pool = algebra.pool([cpus(4), items('zones', 'a')]);
  const ledger = new RowLedger(shared, [cpus(4)]);
  const before = kinds.count;
  for (let index = 0; index < 3000; index++) {
    const strange = scalar(`strange-${index}`, 1);
    assert.equal(pool.contains([strange]), false);
    assert.equal(pool.take([cpus(1), strange]), false);
    assert.equal(pool.contains([items('zones', `z${index}`)]), false);
    assert.equal(ledger.take('holder', [reserved(cpus(1), `r${index}`)]), false);
    assert.equal(algebra.contains([cpus(1)], [strange]), false);
    assert.equal(algebra.equal([cpus(1)], [strange]), false);
    assert.deepEqual(algebra.subtract([cpus(1)], [strange]), [cpus(1)]);
    const made = volume(reserved(disk(1), 'r'), `v${index}`);
    const destroyed = algebra.apply([cpus(1)], {
      type: OperationType.DESTROY,
      destroy: { volumes: [made] },
    });
    assert.equal(destroyed.ok, false);
  }
  expect(kinds.count).toBe(before);
  expect(kinds.setItems.all).toEqual(['a']);
});

test('of a set, only known items are subtracted', () => {
  const { algebra } = room();
  expect(algebra.subtract([items('zones', 'a', 'b')], [items('zones', 'b', 'c')])).toEqual([
    items('zones', 'a'),
  ]);
});

test('numbers of kinds and names that nothing refers to are used again', () => {
  const { kinds, algebra } = room();
  const kept = algebra.pool([cpus(4), reserved(cpus(1), 'kept')]);
  for (let index = 0; index < 20_000; index++) {
    const sum = algebra.add([reserved(cpus(1), `role-${index}`)], [scalar(`name-${index}`, 2)]);
    assert.equal(sum.length, 2);
  }
  expect(kinds.count).toBeLessThan(20_000);
  expect(kept.contains([cpus(4), reserved(cpus(1), 'kept')])).toBe(true);
  expect(algebra.quantities(kept.resources())).toEqual({ cpus: 5 });
});
