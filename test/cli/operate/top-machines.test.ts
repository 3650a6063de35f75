import { expect, test } from 'vitest';
import { MachineReader } from '../../../src/cli/operate/top/machines.ts';

const agentOf = (i: number) => ({
  agent_info: { hostname: `node${i}`, id: { value: `S${i}` } },
  active: true,
  version: '1.11.0',
});
const agents = Array.from({ length: 40 }, (_, i) => agentOf(i));

/** A reader, and whom it has asked since the last question. */
function readerOf(isSilent: (host: string) => boolean) {
  const asked: string[] = [];
  const clock = { nowMs: 0 };
  const reader = new MachineReader(
    async ({ agent_info: { hostname } }) => {
      asked.push(hostname);
      if (isSilent(hostname)) {
        throw new Error('no answer');
      }
      return { load: clock.nowMs, cpus: 4, memFreeBytes: 1 };
    },
    () => clock.nowMs,
  );
  return { reader, clock, taken: () => asked.splice(0) };
}

test('32 are asked at a time, those asked longest ago first, and what they told stays', async () => {
  const { reader, clock, taken } = readerOf(() => false);
  expect((await reader.read(agents)).size).toBe(32);
  expect(taken()).toHaveLength(32);
  clock.nowMs = 1;
  const all = await reader.read(agents);
  expect(all.size).toBe(40);
  const second = taken();
  expect(second).toHaveLength(32);
  expect(second.slice(0, 8)).toEqual(agents.slice(32).map((it) => it.agent_info.hostname));
  expect([all.get('S39')?.load, all.get('S0')?.load, all.get('S31')?.load]).toEqual([1, 1, 0]);
  await reader.read(agents);
  expect(taken()[0]).toBe('node24');
});

test('one that is silent is asked again after a while, one that is not shown is forgotten', async () => {
  const { reader, clock, taken } = readerOf((host) => host === 'node1');
  const few = agents.slice(0, 3);
  expect([...(await reader.read(few)).keys()]).toEqual(['S0', 'S2']);
  expect(taken()).toEqual(['node0', 'node1', 'node2']);
  clock.nowMs = 29_999;
  await reader.read(few);
  expect(taken()).toEqual(['node0', 'node2']);
  clock.nowMs = 30_000;
  await reader.read(few);
  expect(taken()).toContain('node1');
  taken();
  expect([...(await reader.read([agentOf(0)])).keys()]).toEqual(['S0']);
  await reader.read(few);
  expect(taken()).toContain('node1');
});
