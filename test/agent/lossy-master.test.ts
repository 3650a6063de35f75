// Updates over a network that loses messages, to a master that goes away: each arrives at least
// once, in order, one at a time.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type StatusUpdate, TaskState } from '../../src/model/generated/messages.ts';
import { AGENT_ID, MASTER, runToEnd, World } from './harness.ts';

const states = [TaskState.TASK_STARTING, TaskState.TASK_RUNNING, TaskState.TASK_FINISHED];

/** What the network does to an update and its acknowledgement. */
const luck = fc.constantFrom('arrives', 'update lost', 'acknowledgement lost', 'master gone');

test('every update arrives, in order, whatever is lost on the way', () => {
  fc.assert(
    fc.property(
      fc.array(luck, { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      (fate, count) => {
        const world = new World();
        world.register();
        for (let i = 0; i < count; i++) {
          runToEnd(world, `t${i}`);
        }
        const seen = new Map<string, TaskState[]>();
        const unacknowledged = new Map<string, StatusUpdate>();
        const acknowledged = new Set<Uint8Array | undefined>();
        const chances = [...fate];
        for (let round = 0; world.agent.frameworks.size > 0; round++) {
          expect(round).toBeLessThan(1_000);
          for (const { update } of world.sent('StatusUpdateMessage')) {
            const task = update.status.task_id.value;
            if (acknowledged.has(update.uuid)) {
              // A copy that was sent before the acknowledgement arrived.
              continue;
            }
            const waiting = unacknowledged.get(task);
            // Until an update is acknowledged, only the same update follows.
            expect(waiting === undefined || waiting.uuid === update.uuid).toBe(true);
            const chance = chances.shift() ?? 'arrives';
            if (chance !== 'update lost') {
              unacknowledged.set(task, update);
              const history = seen.get(task) ?? [];
              if (history.at(-1) !== update.status.state) {
                history.push(update.status.state);
              }
              seen.set(task, history);
            }
            // Without a master the agent takes no acknowledgements.
            if (chance === 'arrives' && world.agent.phase === 'running') {
              unacknowledged.delete(task);
              acknowledged.add(update.uuid);
              world.acknowledge(task, update.uuid);
            }
            if (chance === 'master gone') {
              world.send({ type: 'masterDetected' });
            }
          }
          if (world.agent.phase !== 'running') {
            world.send({ type: 'masterDetected', master: MASTER });
            world.pass(1_000);
            world.fromMaster({
              name: 'AgentReregisteredMessage',
              body: { agent_id: { value: AGENT_ID } },
            });
          } else {
            world.fromMaster({ name: 'PingAgentMessage', body: { connected: true } });
            world.pass(5_000);
          }
        }
        for (let i = 0; i < count; i++) {
          expect(seen.get(`t${i}`)).toEqual(states);
        }
        expect(world.agent.updates.size).toBe(0);
      },
    ),
    { seed: Number(process.env.SEED ?? 1), numRuns: 150 },
  );
});

test('an acknowledgement of something else changes nothing', () => {
  const world = new World();
  world.register();
  runToEnd(world, 't1');
  const [first] = world.sent('StatusUpdateMessage');
  world.acknowledge('t1', new Uint8Array(16).fill(0x55));
  world.acknowledge('t2', first?.update.uuid);
  expect(world.sent('StatusUpdateMessage')).toEqual([]);
  world.acknowledge('t1', first?.update.uuid);
  expect(world.sent('StatusUpdateMessage')).toHaveLength(1);
  // A repeated acknowledgement is none of the next update.
  world.acknowledge('t1', first?.update.uuid);
  expect(world.sent('StatusUpdateMessage')).toEqual([]);
});
