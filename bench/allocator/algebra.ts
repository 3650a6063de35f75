// What one operation of resource arithmetic costs, for labelled reservations and for port ranges.
import type { ResourceAlgebra, SchedulerCore } from '../../src/core/interface.ts';
import type { Resource } from '../../src/model/generated/messages.ts';
import type { Measurement } from '../report.ts';
import { timed } from './cluster.ts';
import { fragments, labels, reserved, scalar, scalars } from './resources.ts';

const OPERATIONS = 20_000;

/**
 * Microseconds of one operation, for a list of simple resources and for labelled reservations and
 * ranges.
 */
export function resources(core: SchedulerCore): Measurement[] {
  const simple = [...scalars({ cpus: 1, gpus: 1, mem: 1024, disk: 1024 })];
  const labelled = Array.from({ length: 1000 }, (_, index) =>
    reserved(scalar('cpus', 1), 'role', labels(3, String(index))),
  );
  return [
    ...each(core.algebra, {
      name: 'scalars',
      whole: simple,
      part: simple.slice(0, 2),
      count: OPERATIONS,
    }),
    ...each(core.algebra, {
      name: 'labelled',
      whole: labelled,
      part: labelled.slice(500, 501),
      count: 50,
    }),
    ...[10, 100, 1000].flatMap((count) =>
      each(core.algebra, {
        name: `ranges-${count}`,
        whole: [fragments(1, 65_536, count)],
        part: [fragments(1, 32_768, Math.ceil(count / 2))],
        count: Math.ceil(OPERATIONS / count),
      }),
    ),
  ];
}

interface Sample {
  readonly name: string;
  readonly whole: readonly Resource[];
  readonly part: readonly Resource[];
  readonly count: number;
}

function each(algebra: ResourceAlgebra, { name, whole, part, count }: Sample): Measurement[] {
  const perOperation = (operation: () => unknown): number => {
    operation();
    const time = timed(() => {
      for (let index = 0; index < count; index++) {
        operation();
      }
    });
    return (time * 1000) / count;
  };
  const pool = algebra.pool(whole);
  const measured = {
    add: perOperation(() => algebra.add(whole, part)),
    subtract: perOperation(() => algebra.subtract(whole, part)),
    contains: perOperation(() => algebra.contains(whole, part)),
    quantities: perOperation(() => algebra.quantities(whole)),
    pool: perOperation(() => pool.take(part) && pool.put(part)),
  };
  pool.free();
  return Object.entries(measured).map(([operation, value]) => ({
    metric: `${name}.${operation}`,
    unit: 'µs',
    value,
  }));
}
