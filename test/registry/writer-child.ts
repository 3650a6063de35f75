// Stores one change after the other and prints each answer, until it is killed. Changes are
// numbered, so that the parent knows what must be stored.
import { agentId } from '../../src/model/ids.ts';
import type { RegistryChange } from '../../src/model/registry.ts';
import { ENGINES, type EngineName } from './engines.ts';

export function numberedChange(number: number): RegistryChange {
  const id = agentId(`agent-${number % 17}`);
  const agent = { id: { value: id }, hostname: `host-${number}` };
  switch (number % 5) {
    case 0:
    case 1:
      return { type: 'admitAgent', agent };
    case 2:
      return { type: 'markUnreachable', id, sinceNs: BigInt(number) * 10n ** 12n };
    case 3:
      return { type: 'markReachable', agent };
    default:
      return { type: 'markGone', id, sinceNs: BigInt(number) };
  }
}

const [, script, engine, place, first] = process.argv;
if (script === import.meta.filename && place !== undefined) {
  const registry = await ENGINES[engine as EngineName].open(place);
  const epoch = await registry.beginEpoch();
  process.send?.('ready');
  for (let number = Number(first); ; number += 3) {
    // Three at a time, so that transactions have several answers.
    const group = [number, number + 1, number + 2];
    await Promise.all(
      group.map((n) => registry.store([numberedChange(n)], epoch).then(() => process.send?.(n))),
    );
  }
}
